/** How progress is shown: a line drawn again and again, lines now and then, JSON lines, or not. */
export const PROGRESS_MODES = ["bar", "lines", "json", "none"] as const;
export type ProgressMode = (typeof PROGRESS_MODES)[number];
export const PROGRESS_CHOICES = ["auto", ...PROGRESS_MODES] as const;
export type ProgressChoice = (typeof PROGRESS_CHOICES)[number];

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * What suits where the output goes. A bar needs a terminal that can go back in its line; the logs of
 * CI keep every redraw, and so do notebooks, which run `!commands` on a terminal of their own.
 */
export function progressMode(
  choice: ProgressChoice,
  { isTty, env }: { readonly isTty: boolean; readonly env: Environment },
): ProgressMode {
  if (choice !== "auto") return choice;
  const isBare = !isTty || env["TERM"] === "dumb" || isSet(env["CI"]) || isNotebook(env);
  return isBare ? "lines" : "bar";
}

/** By what Jupyter's server, its Python kernel and Colab put into the environment. */
function isNotebook(env: Environment): boolean {
  const isKernel = env["GIT_PAGER"] === "cat" && env["CLICOLOR_FORCE"] === "1";
  return isSet(env["JPY_PARENT_PID"]) || isSet(env["COLAB_RELEASE_TAG"]) || isKernel;
}

/** Whether output is coloured: NO_COLOR and FORCE_COLOR as no-color.org and force-color.org say. */
export function isColoured(isTty: boolean, env: Environment): boolean {
  if (isSet(env["NO_COLOR"])) return false;
  if (isSet(env["FORCE_COLOR"])) return true;
  return isTty && env["TERM"] !== "dumb";
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== "" && value !== "0" && value !== "false";
}
