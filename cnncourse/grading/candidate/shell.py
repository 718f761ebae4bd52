"""As much of IPython as a submission meets: magics that only look on run their code, others do nothing."""

import contextlib

RUNS = {"time", "timeit", "capture", "prun"}  # cell magics whose cell is Python to be run


class Shell:
    """What `get_ipython()` returns; `space` is the notebook's namespace."""

    def __init__(self, space):
        self.user_ns = space

    def compile(self, source, file):
        """Code of a cell; IPython's own lines are understood where they are no Python."""
        try:
            return compile(source, file, "exec")
        except SyntaxError as error:
            return self._compile_magics(source, file, error)

    def _compile_magics(self, source, file, error):
        from IPython.core.inputtransformer2 import TransformerManager

        with contextlib.suppress(SyntaxError):
            return compile(TransformerManager().transform_cell(source), file, "exec")
        raise error

    def run_cell_magic(self, magic, line, body):
        """Run the cell below a magic that only looks on."""
        if magic in RUNS:
            exec(self.compile(body, "<cell>"), self.user_ns)

    def run_line_magic(self, magic, line, **options):
        """`%time x = f()` makes a name; of any other line magic nobody looks at what it does."""
        if magic == "time":
            exec(self.compile(line, "<cell>"), self.user_ns)

    def system(self, command):
        """There is no shell here."""

    def getoutput(self, command, **options):
        """There is no shell here."""
        return []

    def display(self, *things, **options):
        """Nobody looks."""
