"""The little markup that messages and hints have, as HTML that can do nothing."""

import re
from html import escape

# A star on the outside of a word: neither a product nor `*arguments`.
EMPHASIS = re.compile(r"(?<![\w*])\*(\w(?:[^*]*\w)?)\*(?![\w*])")


def inline(text):
    """Escaped text in which `backticks` are code and *stars* stress a word."""
    pieces = escape(str(text)).split("`")
    return "".join(
        f"<code>{piece}</code>" if i % 2 else EMPHASIS.sub(r"<em>\1</em>", piece)
        for i, piece in enumerate(pieces)
    )
