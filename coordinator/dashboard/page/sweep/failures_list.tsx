import { useState } from "preact/hooks";
import type { Failure } from "../../messages.ts";
import { ErrorText } from "../parts/error_text.tsx";
import { count, counted, measured } from "../parts/format.ts";
import { Pager } from "../parts/pager.tsx";
import { addressOf } from "../parts/routes.ts";

const PAGE_FAILURES = 20;

interface Props {
  readonly sweep: string;
  readonly failures: readonly Failure[];
  readonly total: number;
}

/** Cells that could not be computed, with the story of each. */
export function FailuresList({ sweep, failures, total }: Props) {
  const [page, setPage] = useState(0);
  if (total === 0) return null;
  const first = page * PAGE_FAILURES;
  return (
    <section class="block" aria-labelledby="failures">
      <h2 id="failures">
        Failures <span class="muted">{counted(total, "cell")}</span>
      </h2>
      <ul class="failures">
        {failures.slice(first, first + PAGE_FAILURES).map((failure) => (
          <li key={failure.first_cell}>
            <p>
              <a href={addressOf({ page: "sweep", sweep, cell: failure.first_cell })}>
                {failure.cells === 1
                  ? `Cell ${count(failure.first_cell)}`
                  : `Cells ${count(failure.first_cell)} to ${count(failure.first_cell + failure.cells - 1)}`}
              </a>{" "}
              <span class="muted">
                seed {failure.seed} · η = {measured(failure.learning_rate)} · {failure.dataset} ·{" "}
                {failure.loss} · {failure.model}
                {failure.only_on !== null && ` · tried on ${failure.only_on} only`}
              </span>
            </p>
            <ErrorText text={failure.error} />
          </li>
        ))}
      </ul>
      <Pager
        rows={failures.length}
        page_rows={PAGE_FAILURES}
        page={page}
        noun="failure"
        turn={setPage}
      />
    </section>
  );
}
