"""Whether somebody is watching, and a progress bar for whoever does."""

import sys

from tqdm.auto import tqdm


def in_notebook() -> bool:
    """True in JupyterLab and its relatives, False in a terminal or a script."""
    try:
        from IPython import get_ipython
    except ImportError:
        return False
    return hasattr(get_ipython(), "kernel")


def progress_bar(title: str, total: int, unit: str, wanted: bool = True) -> tqdm:
    """Show progress once there are two seconds to watch, and only in a notebook or a terminal."""
    watched = in_notebook() or sys.stderr.isatty()
    scale = unit == "B"
    return tqdm(
        desc=title,
        total=total,
        unit=unit,
        unit_scale=scale,
        delay=2,
        leave=False,
        disable=not (wanted and watched),
    )
