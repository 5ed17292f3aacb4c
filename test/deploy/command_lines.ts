import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { packageRoot } from "../../shared/package_info.ts";

/** How a file under deploy/ starts phasesweep: the arguments, without the name of the program. */
export interface CommandLine {
  /** Path of the file from the package's root. */
  readonly file: string;
  readonly args: readonly string[];
}

/** Every command line under deploy/: of containers, probes, images, services and instructions. */
export function commandLines(): CommandLine[] {
  const files = readdirSync(join(packageRoot, "deploy"), { recursive: true, encoding: "utf8" });
  return files.sort().flatMap((name) => {
    const file = join("deploy", name);
    const read = () => readFileSync(join(packageRoot, file), "utf8");
    const found = /\.ya?ml$/.test(name)
      ? parseAllDocuments(read(), { merge: true }).flatMap((each) => inYaml(each.toJS()))
      : /\.service$/.test(name)
        ? inService(read())
        : /(^|\/)Dockerfile[^/]*$/.test(name)
          ? inDockerfile(read())
          : /\.md$/.test(name)
            ? inInstructions(read())
            : [];
    return found.map((args) => ({ file, args: args.map(filledIn) }));
  });
}

/** Arguments of our images, and commands that begin with the program's name. */
function inYaml(value: unknown): string[][] {
  if (value === null || typeof value !== "object") return [];
  const found = Object.values(value).flatMap(inYaml);
  const { image, args, command, test } = value as Record<string, unknown>;
  // Containers of pods have args, services of compose have a command, after the image's entry point.
  const own = [args, command].filter((list) => Array.isArray(list) && isOurs(image));
  const named = [command, test].filter((list) => Array.isArray(list) && !isOurs(image));
  return [
    ...found,
    ...(own as string[][]),
    ...(named as string[][])
      .map((list) => (list[0] === "CMD" ? list.slice(1) : list))
      .filter(([program]) => program === "phasesweep")
      .map((list) => list.slice(1)),
  ];
}

function isOurs(image: unknown): boolean {
  return typeof image === "string" && /^phasesweep(-cuda)?(:|$)/.test(image);
}

function inService(text: string): string[][] {
  return [...text.matchAll(/^ExecStart=\S*\/phasesweep (.*)$/gm)].map(([, line]) =>
    line!.split(" "),
  );
}

function inDockerfile(text: string): string[][] {
  return [...text.matchAll(/^ *(?:CMD|ENTRYPOINT) (\[.*\])$/gm)]
    .map(([, list]) => JSON.parse(list!) as string[])
    .map((list) => (list[0] === "phasesweep" ? list.slice(1) : list))
    .filter((args) => args.length > 0);
}

/** Lines of code in Markdown that begin with the program's name. */
function inInstructions(text: string): string[][] {
  const code = text.replaceAll("\\\n", " ").match(/^ {4,}\S.*$/gm) ?? [];
  return code
    .map((line) => line.replace(/ +#.*$/, "").trim())
    .filter((line) => line.startsWith("phasesweep "))
    .map((line) => line.split(/ +/).slice(1));
}

/** What others fill in before the program sees it. */
function filledIn(arg: string): string {
  return arg
    .replace("$(SLOTS)", "4")
    .replace(/%[a-zA-Z]/, "/place")
    .replace(/^HOST:(?=\d)/, "host:")
    .replace(/,HOST:(?=\d)/, ",host:");
}
