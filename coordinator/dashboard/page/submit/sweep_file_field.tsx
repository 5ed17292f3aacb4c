import { useState } from "preact/hooks";

interface Props {
  readonly text: string;
  readonly setText: (text: string) => void;
  readonly field: { current: HTMLTextAreaElement | null };
}

/** The text of a sweep file, written here, chosen, or dropped from a folder. */
export function SweepFileField({ text, setText, field }: Props) {
  const [isOver, setOver] = useState(false);
  const take = async (file: File | undefined) => {
    if (file !== undefined) setText(await file.text());
  };
  return (
    <div class="file-field">
      <label for="sweep-file">Sweep file</label>
      <textarea
        id="sweep-file"
        ref={field}
        rows={18}
        spellcheck={false}
        autocomplete="off"
        autocapitalize="off"
        value={text}
        class={isOver ? "over" : ""}
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={(event) => {
          event.preventDefault();
          setOver(false);
          void take(event.dataTransfer?.files[0]);
        }}
        onInput={({ currentTarget }) => setText(currentTarget.value)}
      />
      <label class="file">
        or a file, chosen or dropped here:{" "}
        <input
          type="file"
          accept=".yaml,.yml,text/yaml"
          onChange={({ currentTarget }) => take(currentTarget.files?.[0])}
        />
      </label>
    </div>
  );
}
