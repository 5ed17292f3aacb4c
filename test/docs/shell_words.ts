/** The simple commands of a line of shell, as lists of words without redirections. */
export function simpleCommands(line: string): string[][] {
  const commands: string[][] = [[]];
  let word: string | undefined;
  let quote = "";
  const endWord = () => {
    if (word !== undefined) commands.at(-1)!.push(word);
    word = undefined;
  };
  for (let i = 0; i < line.length; i++) {
    const character = line[i]!;
    if (quote !== "") {
      if (character === quote) quote = "";
      else word += character;
    } else if (character === '"' || character === "'") {
      quote = character;
      word ??= "";
    } else if (character === "\\" && line[i + 1] === "\n") {
      i++;
    } else if (character === "#" && word === undefined) {
      break;
    } else if (/[|;&\n]/.test(character) && !/^\d*[<>]+$/.test(word ?? "")) {
      endWord();
      if (commands.at(-1)!.length > 0) commands.push([]);
    } else if (/\s/.test(character)) {
      endWord();
    } else {
      word = (word ?? "") + character;
    }
  }
  endWord();
  return commands.map(withoutRedirections).filter((words) => words.length > 0);
}

function withoutRedirections(words: readonly string[]): string[] {
  const kept: string[] = [];
  for (let i = 0; i < words.length; i++) {
    if (/^[0-9]*[<>]+$/.test(words[i]!)) i++;
    else if (!/^[0-9]*[<>]/.test(words[i]!)) kept.push(words[i]!);
  }
  return kept;
}
