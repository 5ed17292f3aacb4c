/** The looks of a report: for screens of any width, in light and dark, and for paper. */
export const STYLE = `
:root { color-scheme: light dark; --ground: #fff; --text: #1a1a1a; --muted: #555; --line: #c8ccd0; --band: #f2f4f6; --good: #0b5d3b; --part: #7a5200; --bad: #9b1c1c; }
@media (prefers-color-scheme: dark) {
  :root { --ground: #16181b; --text: #e8e8e8; --muted: #a8adb3; --line: #3c4148; --band: #20242a; --good: #6fd3a5; --part: #e6b566; --bad: #ff9a8f; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem 1rem 4rem; max-width: 78rem; background: var(--ground); color: var(--text); font: 1rem/1.5 system-ui, "Liberation Sans", Helvetica, Arial, sans-serif; }
h1 { font-size: 1.8rem; line-height: 1.2; margin: 0 0 .5rem; overflow-wrap: anywhere; }
h2 { font-size: 1.35rem; margin: 2.5rem 0 .6rem; padding-top: .6rem; border-top: 1px solid var(--line); overflow-wrap: anywhere; }
h3 { font-size: 1.1rem; margin: 1.8rem 0 .5rem; }
p, ul { max-width: 60rem; }
.lead { font-size: 1.1rem; color: var(--muted); margin-top: 0; }
.muted { color: var(--muted); }
nav ul { columns: 16rem auto; padding-left: 1.2rem; }
nav ul ul { columns: auto; }
nav li { break-inside: avoid; }
a { color: inherit; }
code { font: .88em ui-monospace, "DejaVu Sans Mono", monospace; overflow-wrap: anywhere; }
var { font-style: italic; }
sub { font-size: .72em; line-height: 0; }
dl.facts { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1.2rem; margin: 1rem 0; }
dl.facts dt { color: var(--muted); }
dl.facts dd { margin: 0; overflow-wrap: anywhere; }
.scroll { overflow-x: auto; margin: 1rem 0; }
table { border-collapse: collapse; font-size: .92rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--muted); padding-bottom: .4rem; max-width: 60rem; }
th, td { padding: .3rem .7rem; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }
th { font-weight: 600; }
thead th { border-bottom: 2px solid var(--line); vertical-align: bottom; }
tbody th { font-weight: 500; }
tbody tr.band { background: var(--band); }
.number { text-align: right; }
.number, .short { white-space: nowrap; }
.verdict { font-weight: 600; white-space: nowrap; }
.verdict.yes { color: var(--good); } .verdict.part { color: var(--part); } .verdict.no { color: var(--bad); }
figure { margin: 1.2rem 0; }
figure .paper { background: #fff; border: 1px solid var(--line); border-radius: 4px; padding: .5rem; overflow-x: auto; }
figure svg { display: block; width: 100%; min-width: 34rem; height: auto; margin: 0 auto; }
figcaption { color: var(--muted); font-size: .9rem; margin-top: .4rem; }
@media (max-width: 40rem) {
  body { padding: 1rem .7rem 3rem; }
  dl.facts { grid-template-columns: 1fr; gap: 0; }
  dl.facts dd { margin-bottom: .5rem; }
}
@media print {
  :root { --ground: #fff; --text: #000; --muted: #333; --line: #999; --band: #fff; --good: #000; --part: #000; --bad: #000; }
  body { max-width: none; padding: 0; font-size: 10pt; }
  .scroll { overflow: visible; }
  table { font-size: 8pt; }
  th, td { padding: .15rem .35rem; }
  tr, figure { break-inside: avoid; }
  h2, h3 { break-after: avoid; }
  figure svg { min-width: 0; max-height: 24cm; }
}
`;
