import { Html } from './html.ts'

/** Colours come in pairs for light and dark; what they say is always said in words or shapes, too. */
export const pageStyle = new Html(`
:root {
  color-scheme: light dark;
  --paper: light-dark(#fcfcfa, #15181b);
  --card: light-dark(#ffffff, #1b1f23);
  --ink: light-dark(#1d2125, #e6e8ea);
  --soft: light-dark(#59616a, #9aa4ae);
  --line: light-dark(#e2e4e1, #2d3339);
  --sealed: light-dark(#0b6e66, #4fc3b6);
  --sealed-wash: light-dark(#e3f1ef, #17302e);
  --clear: light-dark(#b93815, #ff9068);
  --clear-wash: light-dark(#fbe9e2, #3a221a);
  --doubt: light-dark(#8a5a00, #e6b450);
  --doubt-wash: light-dark(#faf1dc, #332a16);
  --stopped: light-dark(#767e87, #8b949e);
  --mono: ui-monospace, 'SF Mono', 'Cascadia Mono', 'DejaVu Sans Mono', Menlo, Consolas, monospace;
}
* { box-sizing: border-box; }
html { background: var(--paper); color: var(--ink); }
body {
  margin: 0 auto; max-width: 68rem; padding: 3rem 1.75rem 5rem;
  font: 1rem/1.55 system-ui, -apple-system, 'Segoe UI', 'Noto Sans', 'DejaVu Sans', sans-serif;
  font-variant-numeric: tabular-nums;
}
h1, h2, h3 { line-height: 1.2; font-weight: 600; text-wrap: balance; }
h2 { font-size: 1.3rem; margin: 0 0 .6rem; letter-spacing: -.01em; }
section { margin-top: 3.75rem; }
section > p.lead { color: var(--soft); margin: -.25rem 0 1.4rem; max-width: 44rem; }
code, pre, .mono { font-family: var(--mono); font-size: .84em; }
a { color: var(--sealed); }
:focus-visible { outline: 2px solid var(--sealed); outline-offset: 3px; border-radius: 3px; }

.masthead { display: flex; justify-content: space-between; gap: 1rem; color: var(--soft); font-size: .9rem; }
.masthead b { color: var(--ink); font-weight: 600; letter-spacing: .01em; }
.verdict { margin-top: 2.2rem; padding-left: 1.6rem; border-left: 5px solid var(--tone); }
.verdict h1 { margin: 0; font-size: clamp(2.6rem, 7vw, 4.2rem); letter-spacing: -.025em; color: var(--tone); line-height: 1; }
.verdict p { font-size: 1.16rem; margin: 1rem 0 0; max-width: 46rem; text-wrap: pretty; }
.PROVEN { --tone: var(--sealed); --wash: var(--sealed-wash); }
.LEAK { --tone: var(--clear); --wash: var(--clear-wash); }
.INCONCLUSIVE { --tone: var(--doubt); --wash: var(--doubt-wash); }
.figures { display: flex; flex-wrap: wrap; gap: .6rem 2.6rem; margin: 2rem 0 0; padding: 0; }
.figures div { display: flex; flex-direction: column-reverse; }
.figures dd { margin: 0; font-size: 1.5rem; font-weight: 600; letter-spacing: -.015em; }
.figures dt { color: var(--soft); font-size: .86rem; }

.scroll { overflow-x: auto; position: relative; }
table { border-collapse: collapse; width: 100%; font-size: .94rem; }
th { text-align: left; font-weight: 600; }
thead th { color: var(--soft); font-size: .8rem; font-weight: 500; padding: 0 .6rem .5rem; vertical-align: bottom; }
tbody th, td { padding: .8rem .6rem; border-top: 1px solid var(--line); vertical-align: top; }
tbody th:first-child, thead th:first-child { padding-left: 0; }
.claims tbody th { width: 29%; font-weight: 500; }
.claims tbody th .mono { display: block; color: var(--soft); font-weight: 400; }
.claims td.mark, .claims th.mark { text-align: center; width: 6.4rem; }
.claims td.says { color: var(--soft); }
.claims td.says p { margin: 0; }
.claims td.says p + p { margin-top: .5rem; }
.mark .glyph { font-weight: 700; font-size: 1.05rem; }
.mark .word { display: block; font-size: .72rem; color: var(--soft); }
.as-expected { color: var(--sealed); }
.caught { color: var(--clear); }
.surprise { color: var(--clear); background: var(--clear-wash); }
.open { color: var(--doubt); background: var(--doubt-wash); }
.frames td, .frames th { padding: .5rem .6rem; font-size: .88rem; }
.frames .mono { white-space: nowrap; padding-left: 0; padding-right: 1.4rem; }
.frames th { padding-left: 0; }
.frames .why { width: 100%; padding-left: 0; }

figure { margin: 0; }
figcaption { color: var(--soft); font-size: .88rem; margin-top: .7rem; max-width: 46rem; }
svg { display: block; width: 100%; height: auto; }
svg text { font-family: inherit; fill: var(--ink); }
svg .soft { fill: var(--soft); }
svg .mono { font-family: var(--mono); }
.key { display: flex; flex-wrap: wrap; gap: .3rem 1.5rem; margin: 0 0 1rem; padding: 0; list-style: none; font-size: .88rem; color: var(--soft); }
.key svg { display: inline-block; width: .85rem; height: .85rem; margin-right: .45rem; vertical-align: -.08rem; }

.flows { table-layout: fixed; }
.flows th, .flows td { padding: .18rem .35rem; border-top: 0; vertical-align: middle; }
.flows thead th { font-size: .74rem; line-height: 1.25; padding-bottom: .4rem; vertical-align: bottom; border-left: 1px solid var(--line); }
.flows thead td { width: 7.5rem; }
.flows thead td.soft { font-size: .78rem; color: var(--soft); text-align: right; vertical-align: top; }
.flows tbody th { font: .8rem var(--mono); color: var(--soft); white-space: nowrap; padding-left: 0; }
.flows tbody td { border-left: 1px solid var(--line); }
.flows tbody tr:hover td, .flows tbody tr:hover th { background: var(--card); }
.flows .all th { font-family: inherit; font-weight: 600; color: var(--ink); }
.flows .all td, .flows .all th { padding-bottom: .7rem; vertical-align: bottom; }
.flows .count { display: block; font-size: .72rem; line-height: 1.3; margin-top: .2rem; white-space: nowrap; }
.flows .count svg { display: inline-block; width: .55rem; height: .55rem; margin-right: .3rem; }
.flows .none { display: block; color: var(--soft); font-size: .7rem; line-height: 1; }
.flows .chip { display: table; margin: .2rem 0 0; font-size: .62rem; padding: 0 .35rem; }
.heard { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }

.change { margin-top: 1.6rem; }
.change h3 { margin: 0; font-size: 1rem; }
.change p { margin: .2rem 0 .6rem; color: var(--soft); font-size: .9rem; }
.change .axis { display: flex; justify-content: space-between; margin: .1rem 0 0; font-size: .78rem; }
.change .figures { margin-top: .6rem; gap: .4rem 2rem; }
.change .figures dd { font-size: 1.05rem; }
.change .figures dt { font-size: .78rem; }
.drill th[scope=row] { width: 30%; font-weight: 600; }
.drill th .soft { display: block; font-weight: 400; font-size: .86rem; color: var(--soft); }
.drill td p { margin: .2rem 0 0; color: var(--soft); font-size: .88rem; }
section > h3 { margin: 2rem 0 .6rem; font-size: 1rem; }
.chip { display: inline-block; padding: .05rem .5rem; border-radius: 1rem; background: var(--wash); color: var(--tone); font-size: .74rem; font-weight: 600; letter-spacing: .03em; vertical-align: .1rem; margin-left: .3rem; }

.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 30rem), 1fr)); gap: 1.1rem; }
.dump { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 1rem 1.1rem; min-width: 0; }
.dump h3 { margin: 0; font-size: .95rem; }
.dump p { margin: .1rem 0 .8rem; font-size: .82rem; color: var(--soft); overflow-wrap: anywhere; }
.dump pre { margin: 0; overflow-x: auto; font-size: .665rem; line-height: 1.7; }
.dump .offset { color: var(--soft); }
.dump .plain { color: var(--ink); }
.dump .header { color: var(--soft); }
.dump .sealed { color: var(--sealed); }
.dump .lit { background: var(--clear-wash); color: var(--clear); font-weight: 700; }
.dump .esp { color: var(--sealed); font-weight: 700; }

.facts { display: grid; grid-template-columns: max-content 1fr; gap: .35rem 1.6rem; margin: 0; font-size: .94rem; }
.facts dt { color: var(--soft); }
.facts dd { margin: 0; overflow-wrap: anywhere; }
.command { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: .85rem 1.1rem; margin: .5rem 0 1.3rem; overflow-x: auto; white-space: pre-wrap; overflow-wrap: anywhere; }
.limits { color: var(--soft); padding-left: 1.1rem; margin: 0; max-width: 50rem; font-size: .94rem; }
.limits li { margin: .3rem 0; }
footer { margin-top: 4rem; padding-top: 1.2rem; border-top: 1px solid var(--line); color: var(--soft); font-size: .85rem; }

@media (max-width: 44rem) {
  body { padding: 1.6rem 1rem 3rem; }
  .claims tbody th { width: auto; min-width: 11rem; }
  .claims td.says { min-width: 16rem; }
}
@media print {
  :root { color-scheme: light; }
  body { max-width: none; padding: 0; font-size: 10pt; }
  section { margin-top: 1.8rem; }
  tr, figure, .dump, .verdict { break-inside: avoid; }
  .flows { min-width: 0 !important; }
  .frames .mono { white-space: normal; overflow-wrap: anywhere; padding-right: .6rem; }
  .flows .chip { border: 1px solid var(--tone); }
  .scroll, .dump pre { overflow: visible; }
  h2 { break-after: avoid; }
  * { print-color-adjust: exact; }
}
`)
