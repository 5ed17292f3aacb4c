import type { ComponentChildren } from "preact";

interface Props {
  readonly label: string;
  /** Beside its own: what bounds its height. */
  readonly class?: string;
  readonly children: ComponentChildren;
}

/** What may be wider or higher than its place, to be scrolled with keys too. */
export function ScrollRegion({ label, class: name = "", children }: Props) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: without a stop in it keys could not scroll it
    <section class={`scroll ${name}`} tabIndex={0} aria-label={label}>
      {children}
    </section>
  );
}
