import { useState } from "preact/hooks";

interface Props {
  readonly priority: number;
  readonly disabled: boolean;
  readonly set: (priority: number) => void;
}

export function PriorityField({ priority, disabled, set }: Props) {
  const [text, setText] = useState(String(priority));
  const value = Number(text);
  const isOther = text !== "" && Number.isInteger(value) && value !== priority;
  return (
    <form
      class="priority"
      onSubmit={(event) => {
        event.preventDefault();
        if (isOther) set(value);
      }}
    >
      <label>
        Priority{" "}
        <input
          type="number"
          step={1}
          value={text}
          disabled={disabled}
          onInput={({ currentTarget }) => setText(currentTarget.value)}
        />
      </label>
      {isOther && (
        <button type="submit" disabled={disabled}>
          Set
        </button>
      )}
    </form>
  );
}
