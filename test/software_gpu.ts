import { existsSync } from "node:fs";
import { tmpdir } from "node:os";

/** Where Debian's chromium has the description of its Vulkan driver for machines without a GPU. */
const SWIFTSHADER = "/usr/lib/chromium/vk_swiftshader_icd.json";

/** Why tests on a device cannot run here, or undefined. */
export const noDeviceBecause =
  process.env["VK_ICD_FILENAMES"] === undefined && !existsSync(SWIFTSHADER)
    ? `there is no software Vulkan device: ${SWIFTSHADER} is missing (apt-get install chromium libvulkan1)`
    : undefined;

/** What the environment of a process must have for it to find the software device. */
export const SOFTWARE_GPU: Readonly<Record<string, string>> = {
  VK_ICD_FILENAMES: process.env["VK_ICD_FILENAMES"] ?? SWIFTSHADER,
  XDG_RUNTIME_DIR: process.env["XDG_RUNTIME_DIR"] ?? tmpdir(),
};
