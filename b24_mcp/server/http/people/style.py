"""The style sheet of the pages for people: one column, light and dark, readable from 320 pixels."""

from __future__ import annotations

STYLE = """
:root {
  --text: #1d2733; --quiet: #556270; --back: #f5f7f9; --card: #fff; --line: #c9d1d9;
  --main: #0b66c3; --bad: #b3261e;
}
@media (prefers-color-scheme: dark) {
  :root {
    --text: #e8edf2; --quiet: #a6b3c0; --back: #14191f; --card: #1e252d; --line: #43505d;
    --main: #6cb4ff; --bad: #ff8a80;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--back); color: var(--text); font: 1rem/1.5 system-ui, sans-serif;
  overflow-wrap: anywhere;
}
main { max-width: 52rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: .5rem 0; }
h2 { font-size: 1.2rem; margin: 2rem 0 .5rem; }
h3 { font-size: 1rem; margin: 0 0 .25rem; }
p { margin: .5rem 0; }
a { color: var(--main); }
.quiet { color: var(--quiet); font-size: .9rem; }
.card {
  background: var(--card); border: 1px solid var(--line); border-radius: .5rem; padding: 1rem; margin: .75rem 0;
}
.notice { border-left: .3rem solid var(--main); }
.problem { border-left: .3rem solid var(--bad); }
pre {
  font: .9rem/1.45 ui-monospace, monospace; white-space: pre-wrap; margin: .5rem 0; max-height: 60vh;
  overflow: auto;
}
form { display: flex; flex-wrap: wrap; gap: .5rem; margin: .75rem 0 0; }
form:first-child { margin-top: 0; }
button, .button {
  font: inherit; display: inline-block; min-height: 2.75rem; padding: .5rem 1rem; border: 1px solid var(--main);
  border-radius: .4rem; background: var(--card); color: var(--main); cursor: pointer; text-decoration: none;
}
.main { background: var(--main); color: var(--card); }
.bad { border-color: var(--bad); color: var(--bad); }
:focus-visible { outline: 3px solid var(--main); outline-offset: 2px; }
ul { list-style: none; margin: 0; padding: 0; }
dl { margin: .5rem 0; }
dt { color: var(--quiet); font-size: .9rem; }
dd { margin: 0 0 .25rem; }
@media (min-width: 32rem) { dl { display: grid; grid-template-columns: auto 1fr; gap: .1rem 1rem; } }
.row { border-top: 1px solid var(--line); padding: .5rem 0; }
.row:first-child { border-top: 0; }
"""
