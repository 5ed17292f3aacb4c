/** Lines of a story are indented by so much below what they are the story of. */
const STORY = /^ {4}/;
const HEADS_SHOWN = 3;

/** What went wrong: the problems, and their stories for those who open them. */
export function ErrorText({ text }: { readonly text: string }) {
  const lines = text.split("\n");
  const heads = lines.filter((line) => !STORY.test(line));
  const shown = heads.slice(0, HEADS_SHOWN).join("\n");
  if (lines.length === heads.length && heads.length <= HEADS_SHOWN) {
    return <p class="error">{text}</p>;
  }
  const more = heads.length - HEADS_SHOWN;
  return (
    <details class="error">
      <summary>
        {shown}
        {more > 0 && `\nand ${more} more`}
      </summary>
      <pre>{text}</pre>
    </details>
  );
}
