import { useId } from "preact/hooks";

interface Props {
  /** "hidden width m", … */
  readonly parameter: string;
  readonly groups: readonly { readonly id: string; readonly label: string }[];
  readonly chosen: string;
  readonly choose: (id: string) => void;
}

/** More than these are chosen on a slider. */
const OPTIONS_MAX = 30;

/** Which of the groups of a plane is looked at. */
export function GroupChooser({ parameter, groups, chosen, choose }: Props) {
  const id = useId();
  const at = groups.findIndex((group) => group.id === chosen);
  if (groups.length <= 1) return null;
  return (
    <div class="field">
      <label for={id}>{parameter}</label>
      {groups.length > OPTIONS_MAX ? (
        <>
          <input
            id={id}
            type="range"
            min={0}
            max={groups.length - 1}
            value={at}
            aria-valuetext={groups[at]!.label}
            onInput={({ currentTarget }) => choose(groups[Number(currentTarget.value)]!.id)}
          />
          <output>{groups[at]!.label}</output>
        </>
      ) : (
        <select
          id={id}
          value={chosen}
          onChange={({ currentTarget }) => choose(currentTarget.value)}
        >
          {groups.map(({ id: group, label }) => (
            <option key={group} value={group}>
              {label}
            </option>
          ))}
        </select>
      )}
    </div>
  );
}
