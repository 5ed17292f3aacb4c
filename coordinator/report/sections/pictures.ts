import { html } from "../html.ts";
import { figureOf, type Section, type SectionWriter } from "../section.ts";

/** A section that is one picture, whose own text says what it shows. */
function picture(id: string, title: string, name: string): SectionWriter {
  return (report, place): Section | undefined => {
    const figure = figureOf(report, name, place);
    return figure === null ? undefined : { id, title, body: figure };
  };
}

export const phasesSection = picture("phases", "Phases along the learning rate", "phases");
export const lossSection = picture("losses", "Losses along training", "loss_curves");

/** Maps of two parameters. */
export const mapsSection: SectionWriter = (report, place) => {
  const { maps, maps_left_out } = report.analysis;
  if (maps.length === 0) return undefined;
  const names = report.figures.map(({ name }) => name).filter((name) => /^map(-\d+)?$/.test(name));
  return {
    id: "maps",
    title: "Maps",
    body: html`${names.map((name) => figureOf(report, name, place))}
${maps_left_out > 0 ? html`<p>${maps_left_out} further maps are not drawn.</p>` : null}`,
  };
};
