import { messageOf } from "../../shared/errors.ts";

/** Whether tfjs can compute on a CUDA GPU here, and the device or the reason. */
export interface GpuProbe {
  readonly usable: boolean;
  readonly detail: string;
}

/** What this file uses of tfjs. */
interface Tfjs {
  readonly version: { readonly "tfjs-core": string };
  ready(): Promise<void>;
  getBackend(): string;
}

const PACKAGE = "@tensorflow/tfjs-node-gpu";

/**
 * Loads the optional tfjs package for CUDA. Its absence is normal: npm leaves it out where its
 * native library cannot be had, and nothing but GPU slots is lost.
 */
export async function probeTfjsGpu(
  load: (name: string) => Promise<unknown> = (name) => import(name),
): Promise<GpuProbe> {
  try {
    const loaded = (await load(PACKAGE)) as Tfjs | { readonly default: Tfjs };
    const tfjs = "default" in loaded ? loaded.default : loaded;
    await tfjs.ready();
    return {
      usable: true,
      detail: `tfjs ${tfjs.version["tfjs-core"]}, backend ${tfjs.getBackend()}`,
    };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const detail =
      code === "ERR_MODULE_NOT_FOUND" || code === "MODULE_NOT_FOUND"
        ? `${PACKAGE} is not installed; npm leaves it out where its CUDA library cannot be downloaded (\`npm install ${PACKAGE}\` shows why)`
        : `${PACKAGE} does not load: ${messageOf(error).split("\n")[0]}`;
    return { usable: false, detail };
  }
}
