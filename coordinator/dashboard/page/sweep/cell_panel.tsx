import { useEffect, useRef, useState } from "preact/hooks";
import type { CellDetail, SweepPlan, SweepState } from "../../messages.ts";
import { reasonOf } from "../live/api.ts";
import { CODE_NAMES, phaseColour } from "../map/palette.ts";
import { groupLabel } from "../map/views.ts";
import { CopyText } from "../parts/copy_text.tsx";
import { Fact } from "../parts/fact.tsx";
import { count, measured } from "../parts/format.ts";
import { usePage } from "../parts/page_context.ts";
import { CellRow } from "./cell_row.tsx";
import { CurveCharts } from "./curve_charts.tsx";
import { neighbours } from "./neighbours.ts";

/** How often, and after what pause, a cell is asked for again that lacks what it is about to have. */
const ASKED_MAX = 5;
const PAUSE_MS = 1_500;

interface Props {
  readonly sweep: string;
  readonly cell: number;
  readonly plan: SweepPlan | null;
  /** What the map knows of the cell; it is fetched again when that changes. */
  readonly code: number | null;
  readonly state: SweepState;
  readonly generation: number;
  readonly openCell: (cell: number | null) => void;
}

/** One cell: where it is, what came of it, how it went, and how to train it again. */
export function CellPanel({ sweep, cell, plan, code, state, generation, openCell }: Props) {
  const { detail, problem } = useCell(sweep, cell, code, state, generation);
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    const before = document.activeElement as HTMLElement | null;
    heading.current!.focus();
    return () => before?.focus();
  }, []);
  const next = plan === null ? null : neighbours(plan, cell);
  const go = (to: number | null | undefined) => {
    if (to != null) openCell(to);
  };
  const press = (event: KeyboardEvent) => {
    if (event.target instanceof HTMLInputElement || next === null) return;
    const to = {
      ArrowLeft: next.slower,
      ArrowRight: next.faster,
      ArrowUp: next.up,
      ArrowDown: next.down,
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    go(to);
  };
  return (
    <aside class="cell-panel" aria-labelledby="cell" onKeyDown={press}>
      <div class="panel-heading">
        <h2 id="cell" tabIndex={-1} ref={heading}>
          Cell {count(cell)}
        </h2>
        <button type="button" onClick={() => openCell(null)}>
          Close
        </button>
      </div>
      <fieldset class="steps" aria-label="Other cells">
        <button type="button" disabled={next?.slower == null} onClick={() => go(next?.slower)}>
          ← smaller η
        </button>
        <button type="button" disabled={next?.faster == null} onClick={() => go(next?.faster)}>
          larger η →
        </button>
        <button type="button" disabled={next?.down == null} onClick={() => go(next?.down)}>
          ↓ seed
        </button>
        <button type="button" disabled={next?.up == null} onClick={() => go(next?.up)}>
          ↑ seed
        </button>
      </fieldset>
      {problem !== "" && (
        <p class="error" role="alert">
          {problem}
        </p>
      )}
      {detail === null ? (
        problem === "" && <p class="muted">It is being fetched.</p>
      ) : (
        <Found detail={detail} />
      )}
    </aside>
  );
}

function Found({ detail }: { readonly detail: CellDetail }) {
  const { code, seed, learning_rate, group, failure, row, curve, no_curve, reproduce } = detail;
  const isPhase = code >= 1 && code <= 4;
  return (
    <>
      <p class="phase">
        <i
          class={`swatch ${isPhase ? "" : code === 0 ? "open" : "code-failed"}`}
          style={isPhase ? { backgroundColor: phaseColour(code) } : {}}
        />
        <strong>{CODE_NAMES[code]}</strong>
      </p>
      <dl class="facts">
        <Fact name="learning rate η">{measured(learning_rate, 8)}</Fact>
        <Fact name="seed">{seed}</Fact>
        <Fact name="group">{groupLabel(group)}</Fact>
        <Fact name="class">{group.numeric_class}</Fact>
      </dl>
      {failure !== null && <pre class="error">{failure}</pre>}
      {curve === null ? (
        no_curve !== null && <p class="muted">{no_curve}</p>
      ) : (
        <CurveCharts curve={curve} group_class={group.numeric_class} />
      )}
      {reproduce !== null && <CopyText label="Train it again" text={reproduce} />}
      {row !== null && <CellRow row={row} />}
    </>
  );
}

function useCell(
  sweep: string,
  cell: number,
  code: number | null,
  state: SweepState,
  generation: number,
) {
  const { api, browser } = usePage();
  const [detail, setDetail] = useState<CellDetail | null>(null);
  const [problem, setProblem] = useState("");
  const isDone = state === "done";
  const [asked, setAsked] = useState(0);
  useEffect(() => setAsked(0), [sweep, cell]);
  useEffect(() => {
    let counts = true;
    let forget = () => {};
    api.cell(sweep, cell).then(
      (found) => {
        if (!counts) return;
        setDetail(found);
        setProblem("");
        // A sweep may be said to be done a little before its merged file answers.
        const isEarly = isDone && found.reproduce === null && found.failure === null;
        if (isEarly && asked < ASKED_MAX) {
          forget = browser.later(() => setAsked(asked + 1), PAUSE_MS);
        }
      },
      (error) => {
        if (!counts) return;
        setDetail(null);
        setProblem(reasonOf(error));
      },
    );
    return () => {
      counts = false;
      forget();
    };
  }, [sweep, cell, code, isDone, generation, asked]);
  return { detail, problem };
}
