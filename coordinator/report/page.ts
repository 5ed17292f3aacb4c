import { type Html, html, trusted } from "./html.ts";
import { count, placesOf, type Section, type SectionWriter } from "./section.ts";
import { accuracySection } from "./sections/accuracy.ts";
import { agreementSection } from "./sections/agreement.ts";
import { askedSection } from "./sections/asked.ts";
import { auditSection } from "./sections/audit.ts";
import { boundariesSection } from "./sections/boundaries.ts";
import { exponentsSection, widthsSection } from "./sections/laws.ts";
import { paperSection } from "./sections/paper.ts";
import { lossSection, mapsSection, phasesSection } from "./sections/pictures.ts";
import { provenanceSection } from "./sections/provenance.ts";
import { refinementSection } from "./sections/refinement.ts";
import { STYLE } from "./style.ts";
import type { SweepReport } from "./sweep_report.ts";

/** What a sweep's report holds, in its order. */
const SECTIONS: readonly SectionWriter[] = [
  askedSection,
  paperSection,
  phasesSection,
  mapsSection,
  boundariesSection,
  refinementSection,
  widthsSection,
  exponentsSection,
  lossSection,
  accuracySection,
  agreementSection,
  auditSection,
  provenanceSection,
];

/**
 * One HTML page of some sweeps, at least one. It needs no script, refers to nothing outside itself,
 * and is a function of the reports alone.
 */
export function reportPage(reports: readonly SweepReport[]): string {
  const places = placesOf(reports);
  const sweeps = reports.map((report, index) => {
    const place = places[index]!;
    const sections = SECTIONS.flatMap((write) => write(report, place) ?? []);
    return { id: place.prefix, report, sections };
  });
  const [first] = sweeps;
  const title = sweeps.length === 1 ? first!.report.analysis.plan.name : `${sweeps.length} sweeps`;
  const isSingle = sweeps.length === 1;
  const page = html`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} – phasesweep report</title>
<style>${trusted(STYLE)}</style>
</head>
<body>
<header>
<h1>${title}</h1>
${isSingle ? lead(first!.report) : html`<p class="lead">Phases of gradient descent on linear networks along the learning rate.</p>`}
</header>
<nav aria-label="contents"><ul>
${
  isSingle
    ? links(first!.id, first!.sections)
    : sweeps.map(
        ({ id, report, sections }) =>
          html`<li><a href="#${id}">${report.analysis.plan.name}</a> (${count(report.analysis.plan.cells)} cells)<ul>${links(id, sections)}</ul></li>\n`,
      )
}</ul></nav>
<main>
${sweeps.map(({ id, report, sections }) =>
  isSingle
    ? sections.map((section) => sectionMarkup(id, section, "h2"))
    : html`<article id="${id}" aria-labelledby="${id}-name">
<h2 id="${id}-name">${report.analysis.plan.name}</h2>
${lead(report)}
${sections.map((section) => sectionMarkup(id, section, "h3"))}
</article>\n`,
)}
</main>
</body>
</html>
`;
  return page.markup;
}

function lead({ analysis: { plan } }: SweepReport): Html | null {
  return plan.description === "" ? null : html`<p class="lead">${plan.description}</p>`;
}

function links(id: string, sections: readonly Section[]): Html[] {
  return sections.map(
    (section) => html`<li><a href="#${id}-${section.id}">${section.title}</a></li>\n`,
  );
}

function sectionMarkup(id: string, section: Section, level: "h2" | "h3"): Html {
  const tag = trusted(level);
  const name = `${id}-${section.id}`;
  return html`<section aria-labelledby="${name}">
<${tag} id="${name}">${section.title}</${tag}>
${section.body}
</section>
`;
}
