// The style of the page: light or dark as the reader has it, from phones to paper. Colours of text have a
// contrast of 4.5 and more to what is behind them.
#include "report/page.hpp"

namespace usertags::command {

std::string_view page_style() noexcept {
  return R"css(
:root {
  color-scheme: light dark;
  --back: #fcfcfb; --card: #fff; --ink: #1d2025; --soft: #5c636e; --line: #e1e3e6; --track: #eff0f2;
  --s0: #3465a4; --s1: #b98a1d; --s2: #c0492f; --link: #28528a;
  --h1: #e9f0f8; --h2: #d2e0f1; --h3: #b6cde8; --h4: #97b8dd; --h5: #7ba4d3;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --back: #15171b; --card: #1c1f24; --ink: #e6e7e9; --soft: #a0a7b1; --line: #31363e; --track: #282c33;
    --s0: #6d9fdc; --s1: #d3a845; --s2: #e2725b; --link: #92bbee;
    --h1: #1f2937; --h2: #25374e; --h3: #2b4566; --h4: #31537e; --h5: #386296;
  }
}
* { box-sizing: border-box; }
html { scroll-padding-top: 1rem; }
body {
  margin: 0 auto; padding: 2rem 1.25rem 4rem; max-width: 74rem; background: var(--back); color: var(--ink);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", sans-serif;
  overflow-wrap: anywhere;
}
h1 { margin: 0; font-size: 1.9rem; line-height: 1.2; letter-spacing: -.01em; }
h2 { margin: 0 0 .25rem; font-size: 1.3rem; line-height: 1.3; }
h3 { margin: 0 0 .5rem; font-size: 1rem; }
h3 small { margin-left: .35rem; font-weight: 400; color: var(--soft); }
p { margin: .25rem 0 .75rem; }
header p, .what, footer, caption, dt, small { color: var(--soft); }
.what { max-width: 48rem; font-size: .9rem; }
section { margin-top: 2.75rem; }
a { color: var(--link); text-underline-offset: .2em; text-decoration-thickness: 1px; }
:focus-visible { outline: 2px solid var(--s0); outline-offset: 2px; border-radius: 2px; }
.hidden, .skip:not(:focus) {
  position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap;
}
.skip:focus { position: absolute; left: 1rem; top: .5rem; padding: .25rem .5rem; background: var(--card); }
bdi i, i { color: var(--soft); }
code { font-size: .95em; background: var(--track); padding: 0 .25em; border-radius: 3px; }

nav ul, .legend { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; margin: 0; padding: 0; list-style: none; }
nav ul { margin-top: .75rem; padding-bottom: .75rem; border-bottom: 1px solid var(--line); }
nav a { display: inline-block; padding: .15rem 0; text-decoration: none; }
nav a:hover { text-decoration: underline; }

.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: 1.25rem 1.5rem; margin: 0; }
section:has(> .facts) { margin-top: 1.75rem; }
dt { font-size: .9rem; }
dd { margin: 0; font-size: 1.75rem; font-weight: 600; line-height: 1.25; letter-spacing: -.01em; font-variant-numeric: tabular-nums; }
dd small { display: block; min-height: 1.25rem; font-size: .8rem; font-weight: 400; letter-spacing: 0; }

table { border-collapse: collapse; width: 100%; font-size: .9rem; }
caption { padding-bottom: .35rem; text-align: left; }
th, td { padding: .3rem .75rem .3rem 0; text-align: left; vertical-align: top; font-weight: 400; }
th:last-child, td:last-child { padding-right: 0; }
thead th { color: var(--soft); font-size: .8rem; border-bottom: 1px solid var(--line); vertical-align: bottom; }
.n { text-align: right; white-space: nowrap; overflow-wrap: normal; font-variant-numeric: tabular-nums; }
.scroll { position: relative; overflow-x: auto; }

.bars th[scope=row] { width: 30%; min-width: 6rem; }
.bars .n { width: 1%; }
article .bars th[scope=row] { width: 45%; }
.bar { display: block; margin-top: .42rem; }
.track { fill: var(--track); }
.s0 { fill: var(--s0); } .s1 { fill: var(--s1); } .s2 { fill: var(--s2); }

.chart { display: block; overflow: visible; width: calc(100% - 3.5rem); margin: .75rem 0 0 3.5rem; }
.chart rect { shape-rendering: crispEdges; }
.chart text { fill: var(--soft); font-size: 12px; font-variant-numeric: tabular-nums; }
.chart .grid { stroke: var(--line); } .chart .axis { stroke: var(--soft); }
.chart g:hover rect { opacity: .75; }
details { margin: .35rem 0 .75rem; font-size: .9rem; }
summary { width: max-content; color: var(--soft); font-size: .85rem; cursor: pointer; }
details .scroll { max-height: 18rem; overflow-y: auto; }
details table { width: auto; } details td, details th { padding-right: 1.5rem; }

.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 21rem), 1fr)); gap: 1rem; }
article {
  min-width: 0; padding: 1rem 1.1rem .75rem; background: var(--card); border: 1px solid var(--line); border-radius: 8px;
}
article thead { display: none; }
article .what { margin: .35rem 0 0; font-size: .85rem; }

.matrix { width: auto; }
.matrix th[scope=row] { min-width: 8rem; max-width: 16rem; padding-right: 1rem; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
.matrix th[scope=row] > span { display: inline-block; width: 1.5rem; color: var(--soft); font-variant-numeric: tabular-nums; }
.matrix thead th { text-align: center; padding: .2rem; font-variant-numeric: tabular-nums; }
.matrix td { width: 3.2rem; min-width: 2.6rem; padding: .3rem; text-align: center; border: 2px solid var(--back); font-variant-numeric: tabular-nums; overflow-wrap: normal; }
.h0 { background: var(--track); } .h1 { background: var(--h1); } .h2 { background: var(--h2); }
.h3 { background: var(--h3); } .h4 { background: var(--h4); } .h5 { background: var(--h5); }

.legend { font-size: .9rem; } .legend b { font-weight: 600; font-variant-numeric: tabular-nums; }
.dot { display: inline-block; width: .65rem; height: .65rem; margin-right: .4rem; border-radius: 2px; }
.dot.s0 { background: var(--s0); } .dot.s1 { background: var(--s1); } .dot.s2 { background: var(--s2); }
.log { margin-top: 1.25rem; } .log tbody tr, .people tbody tr { border-bottom: 1px solid var(--line); }
.when, .log td:nth-child(3) { white-space: nowrap; overflow-wrap: normal; }
.note { margin: .15rem 0 0; color: var(--soft); font-style: italic; }
.tags { display: flex; flex-wrap: wrap; gap: .1rem .9rem; margin: 0; padding: 0; list-style: none; }
.k, del, .id { color: var(--soft); }
ins { text-decoration: none; font-weight: 600; }

.find label { display: block; font-weight: 600; }
.find input {
  width: 100%; max-width: 44rem; margin: .25rem 0; padding: .5rem .65rem; font: inherit; color: inherit;
  background: var(--card); border: 1px solid var(--soft); border-radius: 6px;
}
.people th[scope=row] { width: 30%; font-weight: 600; }
.id { display: block; font: .7rem/1.5 ui-monospace, "DejaVu Sans Mono", monospace; }
#found { margin: .75rem 0 .5rem; font-weight: 600; font-variant-numeric: tabular-nums; }
button {
  padding: .45rem 1rem; font: inherit; color: var(--link); background: var(--card);
  border: 1px solid var(--soft); border-radius: 6px; cursor: pointer;
}
footer { margin-top: 3rem; padding-top: .75rem; border-top: 1px solid var(--line); font-size: .85rem; }

@media (max-width: 40rem) {
  body { padding: 1.25rem 1rem 3rem; }
  h1 { font-size: 1.5rem; }
  section { margin-top: 2.25rem; }
  .facts { grid-template-columns: 1fr 1fr; gap: .75rem 1rem; }
  dd { font-size: 1.4rem; }
  .people .n, .people .id, .chart .middle { display: none; }
  .people th[scope=row] { width: 38%; }
  .log thead { display: none; }
  .log, .log caption.shown, .log tbody, .log tr, .log th, .log td { display: block; padding: 0; text-align: left; }
  .log tr { padding: .5rem 0; }
  .log td:nth-child(-n+3) { display: inline-block; margin-right: .75rem; color: var(--soft); font-size: .85rem; }
  .log th { font-weight: 600; }
  .matrix th[scope=row] { min-width: 6rem; max-width: 8.5rem; padding-right: .5rem; position: sticky; left: 0; background: var(--back); }
}
@media print {
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  body { padding: 0; max-width: none; font-size: 10pt; background: #fff; }
  nav, .skip, .find, #more, details { display: none; }
  section { margin-top: 1.5rem; }
  h2, h3, caption { break-after: avoid; }
  article, tr, svg, .facts { break-inside: avoid; }
  .facts { grid-template-columns: repeat(6, 1fr); gap: .75rem; }
  dd { font-size: 14pt; } dd small { font-size: 8pt; }
  .cards { grid-template-columns: 1fr 1fr; gap: .6rem; }
  .scroll { overflow: visible; }
  a { color: inherit; text-decoration: none; }
}
@media (prefers-reduced-motion: no-preference) { html { scroll-behavior: smooth; } }
)css";
}

}   // namespace usertags::command
