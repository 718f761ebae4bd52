"""Whether somebody is watching in a notebook."""


def in_notebook() -> bool:
    """True in JupyterLab and its relatives, False in a terminal or a script."""
    try:
        from IPython import get_ipython
    except ImportError:
        return False
    return hasattr(get_ipython(), "kernel")
