import { useState } from "preact/hooks";
import { usePage } from "./page_context.ts";

const SHOWN_MS = 2_000;

/** A command with a button that copies it. */
export function CopyText({ label, text }: { readonly label: string; readonly text: string }) {
  const { browser } = usePage();
  const [said, setSaid] = useState("");
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setSaid("copied");
    } catch {
      // Pages that come from another machine without TLS may not.
      setSaid("select it to copy");
    }
    browser.later(() => setSaid(""), SHOWN_MS);
  };
  return (
    <div class="copy">
      <span>{label}</span>
      <code>{text}</code>
      <button type="button" onClick={copy}>
        Copy
      </button>
      <span role="status" aria-live="polite" class="muted">
        {said}
      </span>
    </div>
  );
}
