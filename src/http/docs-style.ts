/** The look of `/docs`. Its digest stands in the page's content security policy. */
export const DOCS_STYLE = `
:root { color-scheme: light dark; --ink: light-dark(#1a1f2b, #e7eaf0); --soft: light-dark(#5a6375, #a2acbf);
  --paper: light-dark(#fff, #12151c); --panel: light-dark(#f4f6f9, #1a1f29); --line: light-dark(#dde2ea, #2c3341);
  --accent: light-dark(#1f5fd0, #8ab4ff); }
* { box-sizing: border-box; }
body { margin: 0; display: grid; grid-template-columns: 19rem minmax(0, 1fr); color: var(--ink); background: var(--paper);
  font: 1rem/1.6 system-ui, sans-serif; }
nav { position: sticky; top: 0; height: 100vh; overflow: auto; padding: 1.5rem 1.25rem; background: var(--panel);
  border-right: 1px solid var(--line); font-size: .85rem; }
nav h2 { margin: 1.5rem 0 .4rem; font-size: .75rem; letter-spacing: .06em; text-transform: uppercase; color: var(--soft); }
nav ul { margin: 0; padding: 0; list-style: none; }
nav a { display: flex; gap: .6rem; align-items: baseline; padding: .2rem 0; }
nav a span { overflow-wrap: anywhere; }
.brand { margin: 0; font-size: 1.2rem; font-weight: 650; }
main { max-width: 60rem; padding: 2.5rem clamp(1.25rem, 5vw, 4rem) 6rem; }
h1 { margin: 0 0 .5rem; font-size: 2rem; line-height: 1.2; }
.lead { max-width: 46rem; color: var(--soft); }
section { padding: 2rem 0 .5rem; margin-top: 2rem; border-top: 1px solid var(--line); scroll-margin-top: 0; }
section h2 { margin: 0 0 .5rem; font-size: 1.2rem; overflow-wrap: anywhere; }
section h2 a { color: inherit; text-decoration: none; }
section h2 a:hover { text-decoration: underline; }
a { color: var(--accent); text-underline-offset: .15em; }
nav a { color: inherit; text-decoration: none; }
nav a:hover { color: var(--accent); }
a:focus-visible, .scroll:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
code { font: .9em/1.4 ui-monospace, monospace; }
small { color: var(--soft); font-weight: 400; white-space: nowrap; }
.scope { font-size: .9rem; color: var(--soft); }
b { font: 650 .7rem/1 ui-monospace, monospace; letter-spacing: .04em; }
b.get { color: light-dark(#0b6b46, #6fd6a8); }
b.post { color: light-dark(#1f5fd0, #8ab4ff); }
b.delete { color: light-dark(#a8321f, #ff9d8c); }
.scroll { overflow-x: auto; }
table { width: 100%; min-width: 34rem; margin: .75rem 0 1rem; border-collapse: collapse; font-size: .9rem; }
th { padding: .4rem 1rem .4rem 0; font-weight: 600; text-align: left; color: var(--soft); border-bottom: 1px solid var(--line); }
th:last-child { width: 50%; }
td { padding: .5rem 1rem .5rem 0; vertical-align: top; border-bottom: 1px solid var(--line); }
tr:has(:target) td { background: light-dark(#fff6d6, #3a3417); }
@media (max-width: 50rem) {
  body { display: block; }
  nav { position: static; height: auto; border-right: 0; border-bottom: 1px solid var(--line); }
}
`;
