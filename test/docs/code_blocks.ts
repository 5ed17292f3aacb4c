/** Blocks of code in Markdown, and the commands in them. */

export interface CodeBlock {
  /** Number of its first line in the page, from 1. */
  readonly line: number;
  /** What a fence says it is in; "" where it says nothing, or indentation marks the block. */
  readonly language: string;
  /** The paragraph before it, as one line. */
  readonly before: string;
  readonly lines: readonly string[];
}

/** A command that a reader is meant to type, and what the page says that it prints. */
export interface PageCommand {
  readonly line: number;
  readonly text: string;
  /** Lines below `$ command`, without those of the next one; undefined where none are promised. */
  readonly output: readonly string[] | undefined;
}

/** Blocks that are indented by four or fenced, outside of lists. */
export function codeBlocks(page: string): CodeBlock[] {
  const lines = page.split("\n");
  const blocks: CodeBlock[] = [];
  let paragraph: string[] = [];
  let before = "";
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i]!;
    const fence = /^ *```/.test(line);
    if (fence || (/^ {4}\S/.test(line) && paragraph.length === 0)) {
      const first = fence ? i + 1 : i;
      const end = fence ? endOfFence(lines, first) : endOfIndented(lines, first);
      const code = lines.slice(first, end).map((each) => (fence ? each : each.slice(4)));
      const language = fence ? line.trim().slice(3) : "";
      blocks.push({ line: first + 1, language, before, lines: code });
      i = fence ? end : end - 1;
    } else if (line.trim() === "") {
      if (paragraph.length > 0) before = paragraph.join(" ");
      paragraph = [];
    } else {
      paragraph.push(line.trim());
    }
  }
  return blocks;
}

function endOfFence(lines: readonly string[], first: number): number {
  const end = lines.findIndex((line, i) => i >= first && /^ *```/.test(line));
  if (end < 0) throw new Error(`the fence before line ${first + 1} has no end`);
  return end;
}

function endOfIndented(lines: readonly string[], first: number): number {
  let end = first;
  for (let i = first; i < lines.length; i++) {
    if (/^ {4}/.test(lines[i]!)) end = i + 1;
    else if (lines[i]!.trim() !== "") break;
  }
  return end;
}

/** Programs with which the line of a command begins. */
const PROGRAMS =
  /^(phasesweep|npx|cmp|sha256sum|ls|npm|node|git|cd|export|python3|pip|Rscript|duckdb|kubectl|docker|systemctl|journalctl|sudo|scp|ssh|curl|cp|mkdir|pg_dump|createdb|psql|sbatch|squeue|scancel|grpcurl|taskset|echo|useradd|install|tar|openssl|bench-venv\/|[A-Z_]+=\S+ )/;

export function isCommand(line: string): boolean {
  return PROGRAMS.test(line);
}

/**
 * Commands of a block: all of a session, whose commands stand behind `$ `, and all of a block that
 * begins with a command. @throws Error where a command stands in a block that begins otherwise
 */
export function commandsOf(block: CodeBlock): PageCommand[] {
  const [first = ""] = block.lines;
  if (first.startsWith("$ ")) return session(block);
  if (/^Examples?:$/.test(first)) {
    return commandsOf({ ...block, lines: block.lines.slice(1).map((line) => line.trim()) });
  }
  if (!isCommand(first) && !first.startsWith("#")) {
    const hidden = block.lines.find((line) => /^(\$ )?(phasesweep|npx|npm) /.test(line));
    if (hidden !== undefined)
      throw new Error(`line ${block.line}: "${hidden}" is in no block of commands`);
    return [];
  }
  return logicalLines(block.lines, block.line)
    .filter(({ text }) => text !== "" && !text.startsWith("#"))
    .map(({ text, line }) => ({ text, line, output: undefined }));
}

function session(block: CodeBlock): PageCommand[] {
  const commands: { line: number; typed: string[]; output: string[] }[] = [];
  for (const [i, line] of block.lines.entries()) {
    const last = commands.at(-1);
    if (line.startsWith("$ ")) {
      commands.push({ line: block.line + i, typed: [line.slice(2)], output: [] });
    } else if (last!.output.length === 0 && isOpen(last!.typed.join("\n"))) {
      last!.typed.push(line);
    } else {
      last!.output.push(line.trimEnd());
    }
  }
  return commands.map(({ line, typed, output }) => {
    // What parts it from the next command is not printed.
    while (output.at(-1) === "") output.pop();
    return { line, text: typed.join("\n"), output };
  });
}

function logicalLines(lines: readonly string[], first: number): { text: string; line: number }[] {
  const found: { text: string; line: number }[] = [];
  for (let i = 0; i < lines.length; i++) {
    let text = lines[i]!;
    const line = first + i;
    while (isOpen(text) && i + 1 < lines.length) text += `\n${lines[++i]}`;
    found.push({ text: text.trim(), line });
  }
  return found;
}

/** Whether a command goes on in the next line: behind a backslash or a pipe, or within quotes. */
function isOpen(text: string): boolean {
  if (/[\\|]$/.test(text)) return true;
  let quote = "";
  for (const character of text) {
    if (quote === "" && character === "#") break;
    if (quote === "" && (character === '"' || character === "'")) quote = character;
    else if (character === quote) quote = "";
  }
  return quote !== "";
}
