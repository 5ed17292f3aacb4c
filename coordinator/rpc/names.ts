import { NAME_CHARS_MAX, STORY_CHARACTERS_MAX } from "../../shared/limits.ts";

/**
 * What is wrong with the first bad one of some names that a worker chose, or undefined. They end up
 * in the journal, in the results and on terminals.
 */
export function nameProblem(names: Readonly<Record<string, string>>): string | undefined {
  for (const [what, name] of Object.entries(names)) {
    if (name === "") return `the ${what} has no name`;
    if (name.length > NAME_CHARS_MAX) {
      return `the ${what}'s name has ${name.length} characters, over the limit of ${NAME_CHARS_MAX} (NAME_CHARS_MAX)`;
    }
    if (/\p{Cc}/u.test(name)) return `the ${what}'s name has control characters`;
    if (/\p{Cs}/u.test(name)) return `the ${what}'s name has half of a character`;
  }
  return undefined;
}

/** What a worker says of a failure, as it may stand in results, in logs and on terminals. */
export function storyText(text: string): string {
  const cut = text.length > STORY_CHARACTERS_MAX ? `${text.slice(0, STORY_CHARACTERS_MAX)}…` : text;
  return cut.replace(/(?![\n\t])[\p{Cc}\p{Cs}]/gu, "\uFFFD");
}
