import { fileURLToPath } from "node:url";
import { Resvg } from "@resvg/resvg-js";

/** Pixels of a PNG for one of its SVG. */
const ZOOM = 1.5;

/** The metrics of Helvetica and Arial, for which figures are laid out; as files, on machines without fonts. */
const FAMILY = "Arimo";
const FONT_FILES = [
  import.meta.resolve("@expo-google-fonts/arimo/400Regular/Arimo_400Regular.ttf"),
  import.meta.resolve("@expo-google-fonts/arimo/700Bold/Arimo_700Bold.ttf"),
];

/**
 * An SVG of ours as PNG. Text is set in a font that comes with a package, so that the picture is the
 * same on every machine.
 */
export function rasterize(svg: string): Uint8Array {
  const fontFiles = FONT_FILES.map((url) => fileURLToPath(url));
  const resvg = new Resvg(svg, {
    font: { loadSystemFonts: false, fontFiles, defaultFontFamily: FAMILY, sansSerifFamily: FAMILY },
    fitTo: { mode: "zoom", value: ZOOM },
    background: "#fff",
  });
  return resvg.render().asPng();
}
