import { useEffect, useState } from "preact/hooks";
import type { Scheme } from "../map/palette.ts";

export type Theme = Scheme | "system";

const KEY = "phasesweep-theme";

/** The theme that the reader chose, kept by the browser, and the scheme that follows from it. */
export function useTheme(): { theme: Theme; scheme: Scheme; choose: (theme: Theme) => void } {
  const [theme, setTheme] = useState<Theme>(stored);
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const [isDark, setDark] = useState(dark.matches);
  useEffect(() => {
    const changed = () => setDark(dark.matches);
    dark.addEventListener("change", changed);
    return () => dark.removeEventListener("change", changed);
  }, []);
  const scheme = theme === "system" ? (isDark ? "dark" : "light") : theme;
  // Before the children are rendered: they read colours of the style.
  document.documentElement.dataset["scheme"] = scheme;
  return {
    theme,
    scheme,
    choose: (chosen) => {
      setTheme(chosen);
      try {
        localStorage.setItem(KEY, chosen);
      } catch {
        // The browser keeps nothing for this page; the theme lasts until it is closed.
      }
    },
  };
}

function stored(): Theme {
  try {
    const theme = localStorage.getItem(KEY);
    return theme === "light" || theme === "dark" ? theme : "system";
  } catch {
    return "system";
  }
}

/** A colour of the style, for what is drawn on canvases. */
export function inkOf(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}
