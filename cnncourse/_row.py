"""Pictures side by side."""


class Row:
    """Pictures in one row, which breaks where the page is too narrow; each keeps its alternative text."""

    def __init__(self, pictures):
        self.pictures = tuple(pictures)

    @property
    def alt(self) -> str:
        """The words of all pictures, from left to right."""
        return " ".join(picture.alt for picture in self.pictures)

    def _repr_mimebundle_(self, include=None, exclude=None):
        parts = "".join(f"<div>{p._repr_mimebundle_()['text/html']}</div>" for p in self.pictures)
        style = "display:flex;flex-wrap:wrap;align-items:flex-start;gap:4px 16px"
        return {"text/html": f'<div style="{style}">{parts}</div>', "text/plain": repr(self)}

    def __repr__(self):
        return "\n".join(map(repr, self.pictures))


def show_row(*pictures) -> Row:
    """Show several pictures of this module side by side."""
    if not pictures:
        raise ValueError("There is nothing to show: hand in pictures, such as show_row(show_array(x), ...).")
    return Row(pictures)
