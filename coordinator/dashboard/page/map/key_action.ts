/** What a key does on the map. */
export type KeyAction =
  | { readonly does: "zoom"; readonly factor: number }
  | { readonly does: "pan" | "step"; readonly x: number; readonly y: number }
  | { readonly does: "reset" | "open" };

const ARROWS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, 1],
  ArrowDown: [0, -1],
};

/** Part of the view that a step of panning moves by, and cells of a step with Page Up and Down. */
const PAN = 0.2;
const PAGE_ROWS = 10;
/** Factor of a step of zooming. */
export const ZOOM = 1.5;

export function keyAction(event: {
  readonly key: string;
  readonly shiftKey: boolean;
  readonly ctrlKey: boolean;
  readonly altKey: boolean;
  readonly metaKey: boolean;
}): KeyAction | null {
  if (event.ctrlKey || event.altKey || event.metaKey) return null;
  const arrow = ARROWS[event.key];
  if (arrow !== undefined) {
    const [x, y] = arrow;
    return event.shiftKey ? { does: "pan", x: x * PAN, y: y * PAN } : { does: "step", x, y };
  }
  switch (event.key) {
    case "+":
    case "=":
      return { does: "zoom", factor: 1 / ZOOM };
    case "-":
    case "_":
      return { does: "zoom", factor: ZOOM };
    case "0":
    case "Home":
      return { does: "reset" };
    case "PageUp":
      return { does: "step", x: 0, y: PAGE_ROWS };
    case "PageDown":
      return { does: "step", x: 0, y: -PAGE_ROWS };
    case "Enter":
    case " ":
      return { does: "open" };
    default:
      return null;
  }
}
