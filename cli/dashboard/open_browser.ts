import { spawn } from "node:child_process";

/** What opens an address in the browser of whoever sits there. */
const OPENERS: Readonly<Partial<Record<NodeJS.Platform, readonly string[]>>> = {
  darwin: ["open"],
  // The empty word is the title of a window.
  win32: ["cmd", "/c", "start", ""],
};
const OPENER_ELSEWHERE = ["xdg-open"];

/** Why no browser is to be opened here, or undefined. */
export function whyNoBrowser(
  env: NodeJS.ProcessEnv,
  platform: NodeJS.Platform,
): string | undefined {
  if (env["SSH_CONNECTION"] !== undefined || env["SSH_TTY"] !== undefined) {
    return "this is a session over SSH";
  }
  if (OPENERS[platform] !== undefined) return undefined;
  return env["DISPLAY"] || env["WAYLAND_DISPLAY"] ? undefined : "there is no display";
}

/**
 * Opens an address in a browser, and resolves with why it could not, or undefined: nothing depends
 * on it, as the address is printed anyway. The address is one of ours, without a character that a
 * shell would read.
 */
export function openBrowser(
  url: string,
  env: NodeJS.ProcessEnv,
  platform: NodeJS.Platform,
): Promise<string | undefined> {
  const problem = whyNoBrowser(env, platform);
  if (problem !== undefined) return Promise.resolve(problem);
  const [command = "", ...args] = OPENERS[platform] ?? OPENER_ELSEWHERE;
  return new Promise((resolve) => {
    const child = spawn(command, [...args, url], { stdio: "ignore", detached: true });
    child.once("error", (error) => resolve(error.message));
    child.once("exit", (code) => {
      resolve(code === 0 ? undefined : `${command} ended with exit code ${code}`);
    });
    // The browser may be its child, and stay.
    child.once("spawn", () => child.unref());
  });
}
