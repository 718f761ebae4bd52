"""What training leaves behind: the history of its epochs."""

from dataclasses import dataclass, field


@dataclass(repr=False)
class History:
    """What happened, one entry an epoch; `batch_loss` has one an update.

    The training loss and accuracy are means over the epoch, taken while the model was changing and in
    training mode; the validation ones are taken after the epoch, in evaluation mode. Accuracies are None
    where labels are not class indices. An epoch that was interrupted leaves no entry.
    """

    loss: list[float] = field(default_factory=list)
    accuracy: list[float | None] = field(default_factory=list)
    validation_loss: list[float] = field(default_factory=list)
    validation_accuracy: list[float | None] = field(default_factory=list)
    learning_rate: list[float] = field(
        default_factory=list
    )  # of the first parameter group, at the epoch's end
    seconds: list[float] = field(default_factory=list)  # since training began
    batch_loss: list[float] = field(default_factory=list)
    interrupted: bool = False

    def add(
        self, training, batch_loss: list[float], validation, learning_rate: float, seconds: float
    ) -> None:
        """Write down one epoch: two `Evaluation`s (validation may be None), its updates, rate and time."""
        self.loss.append(training.loss)
        self.accuracy.append(training.accuracy)
        if validation is not None:
            self.validation_loss.append(validation.loss)
            self.validation_accuracy.append(validation.accuracy)
        self.learning_rate.append(learning_rate)
        self.seconds.append(seconds)
        self.batch_loss.extend(batch_loss)

    def __repr__(self):
        end = ", interrupted" if self.interrupted else ""
        if not self.loss:
            return f"History(no epoch finished{end})"
        epochs = f"{len(self.loss)} epoch{'s' * (len(self.loss) > 1)} in {self.seconds[-1]:.1f} s"
        return f"History({epochs}{end}: {self.last()})"

    def last(self) -> str:
        """Say the last epoch in a line: "loss 0.02, accuracy 99.1 %, validation loss 0.08, …"."""
        said = []
        for prefix in ("", "validation "):
            losses, accuracies = (
                getattr(self, (prefix + name).replace(" ", "_")) for name in ("loss", "accuracy")
            )
            if losses:
                said.append(f"{prefix}loss {losses[-1]:.3g}")
            if accuracies and accuracies[-1] is not None:
                said.append(f"{prefix}accuracy {100 * accuracies[-1]:.1f} %")
        return ", ".join(said)


class Diverged(FloatingPointError):
    """The loss stopped being a finite number; `history` has the epochs before."""

    def __init__(self, message: str, history: History):
        super().__init__(message)
        self.history = history
