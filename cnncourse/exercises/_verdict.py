"""What a check answers: one of five outcomes, a message, and what there is to see."""

from dataclasses import dataclass, field

PASSED, WRONG, CRASHED, NOT_ATTEMPTED, TIMED_OUT = "passed", "wrong", "crashed", "not attempted", "timed out"
RECORDED = "recorded"  # no sixth outcome of a check: there was none, an instructor keeps it


@dataclass
class Verdict:
    """The outcome of one check.

    `message` is what a learner reads first; `difference` says in which property the answer differs and
    `what` names that property; `scene` holds the smallest failing example to draw; `crash` the learner's own
    line; `printed` what their code printed on that example; `mistake` the number of the recognised mistake.
    """

    name: str
    outcome: str
    message: str
    difference: str = ""
    what: str = ""
    scene: dict | None = None
    crash: dict | None = None
    printed: str = ""
    mistake: int | None = None
    next: str = field(default="", compare=False)

    @property
    def passed(self):
        """Whether the answer is right."""
        return self.outcome == PASSED

    def __bool__(self):
        return self.passed

    def __repr__(self):
        from ._render import as_text

        return as_text(self)

    def _repr_html_(self):
        from ._render import as_html

        return as_html(self)


class NotPassed(AssertionError):
    """A check that was not passed, in strict mode (`CNNCOURSE_STRICT=1`)."""
