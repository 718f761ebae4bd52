"""An HTML page that can do nothing: everything escaped, no script, no address, one style of our own."""

import re
from html import escape

from .. import __version__

POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
MARKS = {"passed": "✓", "wrong": "✗", "crashed": "⚠", "not attempted": "○", "timed out": "⏱"}
COLOURS = {"passed": "#009E73", "wrong": "#D55E00", "crashed": "#D55E00", "timed out": "#E69F00",
           "not attempted": "#8A8A8A"}  # fmt: skip
LEVELS = {
    "sandboxed": "every submission ran in a sandbox of its own, without network, files or other submissions",
    "container": "submissions ran in a container; what they could reach is what the container can reach",
    "local": "submissions ran as ordinary programs on the grading machine; a hostile one could have read "
    "files there, the answers included, or changed these results",
}
STYLE = """
:root{color-scheme:light dark;--text:#1a1a1a;--quiet:#595959;--paper:#fff;--raised:#f4f4f4;--line:#c9c9c9}
@media (prefers-color-scheme:dark){:root{--text:#ececec;--quiet:#b8b8b8;--paper:#121212;--raised:#202020;
--line:#4d4d4d}}
body{font:16px/1.5 system-ui,sans-serif;color:var(--text);background:var(--paper);max-width:60rem;
margin:0 auto;padding:1rem}
h1{font-size:1.6rem;margin:.5rem 0}h2{font-size:1.25rem;margin:2rem 0 .5rem}h3{font-size:1rem;margin:0}
p{margin:.4rem 0}.quiet{color:var(--quiet)}
pre{background:var(--raised);padding:.6rem .8rem;overflow:auto;margin:.5rem 0;font-size:.875rem}
code,pre{font-family:ui-monospace,Consolas,monospace}
article{border-left:6px solid var(--line);padding:.5rem 1rem;margin:.8rem 0;background:var(--paper)}
summary{cursor:pointer}summary:focus-visible{outline:3px solid #0072B2;outline-offset:2px}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{text-align:left;padding:.3rem .6rem .3rem 0;vertical-align:top;border-bottom:1px solid var(--line)}
td.n,th.n{text-align:right;padding-right:1.2rem;white-space:nowrap}
caption{text-align:left;color:var(--quiet);padding:.3rem 0}
.bar{display:flex;height:1rem;min-width:9rem;border:1px solid var(--line)}.bar i{display:block;height:100%}
.key{display:flex;flex-wrap:wrap;gap:.3rem 1.2rem;margin:.5rem 0}.key i{display:inline-block;width:1rem;
height:.8rem;margin-right:.4rem;border:1px solid var(--line)}
.o0{background:#009E73}
.o1{background:repeating-linear-gradient(45deg,#D55E00 0 5px,#b34e00 5px 8px)}
.o2{background:repeating-linear-gradient(90deg,#E69F00 0 4px,#b57d00 4px 6px)}
.o3{background:var(--paper)}
.wide{overflow-x:auto}
@media print{article{break-inside:avoid}}
"""


def page(title, body):
    """The page as text; `body` is HTML that was escaped where it was made."""
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        f'<meta name="viewport" content="width=device-width"><meta name="referrer" content="no-referrer">\n'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>\n"
        f"<body><main>\n<h1>{escape(title)}</h1>\n{body}\n</main></body></html>\n"
    )


def isolation(levels):
    """The paragraph that says how the submissions were run, for {level: how many}."""
    said = [
        f"<b>{escape(level)}</b> ({count}): {escape(LEVELS.get(level, ''))}"
        for level, count in levels.items()
    ]
    of = f" Graded by cnncourse {escape(__version__)}."
    return f'<p class="quiet">Isolation: {"; ".join(said) or "nothing was run"}.{of}</p>'


def code(text):
    """Escaped program text; a keyboard can scroll it."""
    clean = re.sub(r"[\x00-\x08\x0b-\x1f\x7f\u200e\u200f\u202a-\u202e\u2066-\u2069]", "\ufffd", str(text))
    return f'<pre tabindex="0">{escape(clean)}</pre>'
