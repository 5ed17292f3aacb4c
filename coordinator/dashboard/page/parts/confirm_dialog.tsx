import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";

interface Props {
  readonly title: string;
  readonly confirm: string;
  readonly keep: string;
  readonly close: (isConfirmed: boolean) => void;
  readonly children: ComponentChildren;
}

/** Asks before something that cannot be undone; Escape keeps things as they are. */
export function ConfirmDialog({ title, confirm, keep, close, children }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const before = document.activeElement as HTMLElement | null;
    dialog.current!.showModal();
    return () => before?.focus();
  }, []);
  return (
    <dialog ref={dialog} aria-labelledby={id} onClose={() => close(false)}>
      <h2 id={id}>{title}</h2>
      {children}
      <div class="actions">
        <button type="button" onClick={() => close(false)}>
          {keep}
        </button>
        <button type="button" class="danger" onClick={() => close(true)}>
          {confirm}
        </button>
      </div>
    </dialog>
  );
}
