/** The style of a report's page. Light and dark by the reader's own setting; nothing is fetched. */
export const PAGE_STYLE = `
:root { color-scheme: light dark;
  --paper: #ffffff; --ink: #1c2430; --soft: #5a6675; --rule: #dde3ea; --panel: #f6f8fa;
  --blue: #1f6fd6; --orange: #d9822b; --grey: #8a97a8; --green: #1a8f5f; --bad: #c2313b; }
@media (prefers-color-scheme: dark) { :root {
  --paper: #14181e; --ink: #e6ebf2; --soft: #9aa7b6; --rule: #2c3542; --panel: #1b2129;
  --blue: #5aa2ff; --orange: #f0a45a; --grey: #8b98a9; --green: #4cc48f; --bad: #ff7b83; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 28px 24px 56px; max-width: 1040px; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", sans-serif; }
h1 { margin: 0 0 2px; font-size: 26px; line-height: 1.2; }
h2 { margin: 36px 0 10px; font-size: 18px; }
p { margin: 4px 0; color: var(--soft); max-width: 80ch; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 10px; margin: 20px 0 8px; padding: 0; list-style: none; }
.tiles li { padding: 10px 14px; border: 1px solid var(--rule); border-radius: 8px; background: var(--panel); }
.tiles b { display: block; font-size: 21px; line-height: 1.25; font-variant-numeric: tabular-nums; }
.tiles span { color: var(--soft); font-size: 13px; }
figure { margin: 26px 0 0; }
figcaption { display: inline-block; font-weight: 600; font-size: 16px; margin-right: 18px; }
figure svg { display: block; width: 100%; height: auto; }
.legend { display: inline-flex; flex-wrap: wrap; gap: 2px 16px; margin: 0; padding: 0; list-style: none; color: var(--soft); font-size: 13px; }
.legend li { display: flex; align-items: center; gap: 6px; }
figure svg.swatch { display: inline-block; width: 22px; height: 12px; flex: none; }
.grid { stroke: var(--rule); stroke-width: 1; }
.tick { stroke: var(--soft); stroke-width: 1; }
.mark, .axis { fill: var(--soft); font-size: 13px; font-variant-numeric: tabular-nums; }
.area { fill: var(--colour); fill-opacity: .55; stroke: none; }
.line { fill: none; stroke: var(--colour); stroke-width: 2; }
.dashed { stroke-dasharray: 5 4; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size: 14px; }
table.even { table-layout: fixed; min-width: 820px; margin-bottom: 18px; }
table.even th:first-child { width: 19%; }
table.narrow { width: auto; min-width: 50%; }
th, td { padding: 6px 10px; text-align: right; white-space: nowrap; border-bottom: 1px solid var(--rule); }
th { color: var(--soft); font-weight: 500; }
th:first-child, td:first-child { text-align: left; padding-left: 0; }
td.words { text-align: left; color: var(--soft); white-space: normal; width: 60%; }
td.bar { width: 34%; }
td.bar i { display: block; height: 10px; border-radius: 3px; background: var(--blue); min-width: 2px; }
.yes { color: var(--green); } .no { color: var(--bad); font-weight: 600; }
code { font: 13px ui-monospace, SFMono-Regular, Menlo, "Liberation Mono", monospace; }
`;
