/** What commands are called elsewhere, and by what they are called here. */
const OTHER_NAMES: Readonly<Record<string, string>> = {
  version: "--version",
  new: "init",
  create: "init",
  start: "run",
  exec: "run",
  execute: "run",
  train: "run",
  check: "plan",
  validate: "plan",
  lint: "plan",
  "dry-run": "plan",
  show: "report",
  plot: "report",
  figures: "report",
  html: "report",
  sql: "query",
  select: "query",
  list: "status",
  ls: "status",
  ps: "status",
  jobs: "status",
  queue: "status",
  sweeps: "status",
  workers: "status",
  stop: "cancel",
  kill: "cancel",
  abort: "cancel",
  delete: "cancel",
  suspend: "pause",
  continue: "resume",
  unpause: "resume",
  follow: "watch",
  ui: "dashboard",
  web: "dashboard",
  open: "dashboard",
  coordinator: "serve",
  server: "serve",
  agent: "worker",
  certificates: "certs",
  autocomplete: "completion",
  diagnose: "doctor",
  info: "doctor",
};

/** What was meant by a word that is no command; undefined if that is not known. */
export function otherNameOf(word: string): string | undefined {
  // The name of a sweep file where the command was forgotten.
  if (/\.ya?ml$/i.test(word)) return `run ${word}`;
  return Object.hasOwn(OTHER_NAMES, word.toLowerCase())
    ? OTHER_NAMES[word.toLowerCase()]
    : undefined;
}
