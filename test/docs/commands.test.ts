import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { packageRoot } from "../../shared/package_info.ts";
import { freePort } from "../free_port.ts";
import { codeBlocks, commandsOf, type PageCommand } from "./code_blocks.ts";
import { commandProblem, FLEET_PAGES, treatmentOf, withoutInstall } from "./page_commands.ts";
import { PAGES, readPage } from "./pages.ts";
import { Project } from "./project.ts";
import { outputProblem } from "./shown_output.ts";

/** Pages in a project of their own, whose output would show the cells of others; the rest share one. */
const OWN_PROJECT = ["docs/tutorial.md"];
const CHECKED = PAGES.filter((page) => !page.startsWith("test/") && page !== "CHANGELOG.md");
/** Pictures in the pages that a command of theirs has drawn, and where it draws them. */
const PICTURES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "docs/tutorial.md": {
    "docs/tutorial/first.svg": "results/first/phases.svg",
    "docs/tutorial/widths.svg": "results/first-widths/widths.svg",
  },
};
const WRITES = process.env["PHASESWEEP_WRITE_DOCS"] === "1";

const shared = new Project();
afterAll(() => shared.close());

for (const page of CHECKED) {
  test(`every command of ${page} is run or parsed, and prints what the page shows`, async () => {
    const project = OWN_PROJECT.includes(page) ? new Project() : shared;
    try {
      await followPage(page, project);
    } finally {
      if (project !== shared) await project.close();
    }
  }, 400_000);
}

async function followPage(page: string, project: Project): Promise<void> {
  const port = FLEET_PAGES.includes(page) ? await freePort() : 0;
  const outputs = new Map<PageCommand, string>();
  const pictures = new Map(Object.entries(PICTURES[page] ?? {}));
  for (const block of codeBlocks(readPage(page))) {
    const file = /`([\w.-]+\.(?:yaml|sql|csv))`:$/.exec(block.before)?.[1];
    if (file !== undefined && commandsOf(block).length === 0) project.write(file, block.lines);
    for (const command of commandsOf(block)) {
      const place = `${page}:${command.line}: ${command.text}`;
      const problem = commandProblem(page, command.text);
      expect(problem, place).toBeUndefined();
      const treatment = treatmentOf(page, command.text);
      // A fleet of a page is on this machine, at a port that is free.
      const text = withoutInstall(command.text)
        .replace(/\b(0\.0\.0\.0|127\.0\.0\.1|node1):7070\b/g, `127.0.0.1:${port}`)
        .replace(/ &$/, "");
      if (treatment === "background") {
        await project.runInBackground(text, /coordinator .*listens|connected|worker /);
      } else if (treatment === "run") {
        const { code, stdout, stderr } = await project.run(text);
        expect(code, `${place}\n${stdout}${stderr}`).toBe(0);
        for (const [picture, drawn] of pictures) {
          // The first run that draws it is the one that the page is about.
          if (!existsSync(join(project.folder, drawn))) continue;
          const bytes = readFileSync(join(project.folder, drawn), "utf8");
          if (WRITES) writeFileSync(join(packageRoot, picture), bytes);
          expect(readFileSync(join(packageRoot, picture), "utf8") === bytes, picture).toBe(true);
          pictures.delete(picture);
        }
        if (command.output === undefined) continue;
        const difference = outputProblem(command.output, stdout);
        // Times that a page shows stay, as those of another moment are no better.
        if (WRITES && difference !== undefined) outputs.set(command, stdout);
        else expect(difference, place).toBeUndefined();
      }
    }
  }
  expect([...pictures.keys()], "pictures that no command drew").toEqual([]);
  if (outputs.size > 0) writeOutputs(page, outputs);
}

/** Puts what was printed in place of what a page shows, but where it leaves lines out. */
function writeOutputs(page: string, outputs: ReadonlyMap<PageCommand, string>): void {
  const lines = readPage(page).split("\n");
  for (const [{ line, text, output }, printed] of [...outputs].reverse()) {
    if (output === undefined || output.includes("…")) continue;
    const first = line - 1 + text.split("\n").length;
    const indented = printed
      .trimEnd()
      .split("\n")
      .map((each) => `    ${each}`.trimEnd());
    lines.splice(first, output.length, ...indented);
  }
  writeFileSync(join(packageRoot, page), lines.join("\n"));
}
