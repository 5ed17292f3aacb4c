import { counted } from "./format.ts";

interface Props {
  readonly rows: number;
  readonly page_rows: number;
  readonly page: number;
  readonly noun: string;
  readonly turn: (page: number) => void;
}

/** Turns the pages of a long table; nothing where one page holds it all. */
export function Pager({ rows, page_rows, page, noun, turn }: Props) {
  const pages = Math.ceil(rows / page_rows);
  if (pages <= 1) return null;
  const first = page * page_rows + 1;
  const last = Math.min(rows, first + page_rows - 1);
  return (
    <nav class="pager" aria-label={`Pages of ${noun}s`}>
      <button type="button" disabled={page === 0} onClick={() => turn(page - 1)}>
        Previous
      </button>
      <span>
        {first}–{last} of {counted(rows, noun)}
      </span>
      <button type="button" disabled={page >= pages - 1} onClick={() => turn(page + 1)}>
        Next
      </button>
    </nav>
  );
}
