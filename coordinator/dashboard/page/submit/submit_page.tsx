import { useRef, useState } from "preact/hooks";
import type { Checked, Submission } from "../../messages.ts";
import { reasonOf } from "../live/api.ts";
import { count, counted } from "../parts/format.ts";
import { usePage } from "../parts/page_context.ts";
import { addressOf } from "../parts/routes.ts";
import { useSelected } from "../parts/store.ts";
import { EXAMPLE } from "./example.ts";
import { lineOf, lineRange } from "./line_of.ts";
import { SweepFileField } from "./sweep_file_field.tsx";

type Answer =
  | { readonly kind: "checked"; readonly checked: Checked }
  | { readonly kind: "submitted"; readonly submission: Submission }
  | { readonly kind: "problem"; readonly text: string };

/** Writes, checks and submits a sweep file. */
export function SubmitPage() {
  const { api, store } = usePage();
  const hello = useSelected(store, (state) => state.hello);
  const isLive = useSelected(store, (state) => state.connection.state === "live");
  const [text, setText] = useState(EXAMPLE);
  const [priority, setPriority] = useState("");
  const [answer, setAnswer] = useState<Answer | null>(null);
  const [isBusy, setBusy] = useState(false);
  const field = useRef<HTMLTextAreaElement>(null);
  const refusal = refusalOf(hello, isLive);

  const ask = async (request: () => Promise<Answer>) => {
    setBusy(true);
    try {
      setAnswer(await request());
    } catch (error) {
      setAnswer({ kind: "problem", text: reasonOf(error) });
    }
    setBusy(false);
  };
  const body = () => ({
    sweep_file: text,
    ...(priority === "" ? {} : { priority: Number(priority) }),
  });
  const check = () =>
    ask(async () => ({ kind: "checked", checked: await api.check({ sweep_file: text }) }));
  const submit = () =>
    ask(async () => ({ kind: "submitted", submission: await api.submit(body()) }));
  const isOff = isBusy || refusal !== "" || text.trim() === "";
  return (
    <>
      <h1>Submit a sweep</h1>
      <p class="lead">
        A sweep file is YAML. Data sets that are read from files are taken by{" "}
        <code>phasesweep submit</code> only, from the machine that has them.
      </p>
      {refusal !== "" && <p class="trouble">{refusal}</p>}
      <form
        class="submit"
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <SweepFileField text={text} setText={setText} field={field} />
        <div class="actions">
          <button type="button" disabled={isOff} onClick={check}>
            Check
          </button>
          <button type="submit" class="primary" disabled={isOff}>
            Submit
          </button>
          <label class="priority">
            Priority{" "}
            <input
              type="number"
              step={1}
              placeholder="0"
              value={priority}
              onInput={({ currentTarget }) => setPriority(currentTarget.value)}
            />
          </label>
        </div>
      </form>
      <div aria-live="polite">
        {answer !== null && <AnswerView answer={answer} text={text} field={field} />}
      </div>
    </>
  );
}

function refusalOf(hello: { may_submit: boolean; single_sweep: boolean } | null, isLive: boolean) {
  if (hello === null || !isLive) return "The coordinator is not connected at present.";
  if (hello.single_sweep) return "This is a run of one sweep; phasesweep serve takes others.";
  if (!hello.may_submit)
    return "You may read here. Submitting needs credentials of the role submit.";
  return "";
}

interface AnswerProps {
  readonly answer: Answer;
  readonly text: string;
  readonly field: { readonly current: HTMLTextAreaElement | null };
}

function AnswerView({ answer, text, field }: AnswerProps) {
  if (answer.kind === "submitted") {
    const { sweep, existing, cells_cached, notes } = answer.submission;
    return (
      <div class="answer good">
        <h2>{existing ? "It is there already" : "Submitted"}</h2>
        <p>
          <a href={addressOf({ page: "sweep", sweep, cell: null })}>Watch {sweep}</a>
          {cells_cached > 0 && `, ${counted(cells_cached, "cell")} of it known from earlier`}
        </p>
        {notes.map((note) => (
          <p key={note}>{note}</p>
        ))}
      </div>
    );
  }
  if (answer.kind === "checked") {
    const { sweep, cells, groups, text: words } = answer.checked;
    return (
      <div class="answer">
        <h2>
          {sweep}: {counted(cells, "cell")} in {counted(groups, "group")}
        </h2>
        <pre>{words}</pre>
      </div>
    );
  }
  const line = lineOf(answer.text);
  const show = () => {
    const { start, end } = lineRange(text, line!);
    field.current!.focus();
    field.current!.setSelectionRange(start, end);
  };
  return (
    <div class="answer bad-answer">
      <h2>It cannot be run</h2>
      <pre>{answer.text}</pre>
      {line !== null && (
        <button type="button" onClick={show}>
          Go to line {count(line)}
        </button>
      )}
    </div>
  );
}
