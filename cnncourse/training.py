"""The one training loop of the course, with evaluation, prediction and the confusion matrix.

The images of a `Split` fit in memory, so they move to the device once and a batch is an index operation
there: no loader, no worker processes.
"""

import contextlib
import math
import time
from collections.abc import Callable, Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ._device import device, mixed_precision, threads, working
from ._evaluation import Evaluation, Score, confusion_matrix, evaluate, predict
from ._history import Diverged, History
from ._notebook import progress_bar
from .data import Split

__all__ = [
    "Diverged",
    "Evaluation",
    "History",
    "confusion_matrix",
    "device",
    "evaluate",
    "predict",
    "threads",
    "train",
]
_device = device  # `device` is an argument of the functions below


def train(
    model: nn.Module,
    data: Split,
    *,
    epochs: int,
    batch_size: int = 64,
    optimizer: Callable[..., torch.optim.Optimizer] | None = None,
    learning_rate: float | None = None,
    loss: Callable[..., Tensor] = F.cross_entropy,
    schedule: str | Callable | None = None,
    validation: Split | None = None,
    augment: Callable[[Tensor], Tensor] | None = None,
    on_epoch: Callable[[History], object] | None = None,
    seed: int = 0,
    device: str | torch.device | None = None,
    progress: bool = True,
) -> History:
    """Fit `model` to `data` and return its `History`; an interrupt (Ctrl-C or ■) returns the epochs so far.

    optimizer: called with the trainable parameters, and with lr=learning_rate where that is given; Adam with
    its 0.001 if left out. Weight decay: `partial(torch.optim.AdamW, weight_decay=0.01)`. Parameter groups: a
    function that makes its own.
    loss: called with the model's output, whatever that is, and the labels; returns the mean over the batch.
    schedule: "one-cycle" (up to each group's own rate, then down to nearly zero; momentum stays), or a
    function of the optimizer and the number of updates that makes a torch scheduler, stepped every update.
    augment: called with each batch of images (B, C, H, W), on the device.
    on_epoch: called with the history after every epoch.
    seed: fixes the order, dropout and whatever augment draws from torch, and leaves the random state outside
    as it was; the model's first weights are yours to seed.
    A part of the model that you put in evaluation mode (a frozen batch norm) stays in it. On a CUDA GPU the
    loop computes in mixed precision and channels-last order; afterwards the model is back where it was.
    Raises Diverged when the loss is no longer a finite number.
    """
    _sensible(data, epochs, batch_size)
    threads()
    place, history = _device(device), History()
    steps = epochs * _batches(len(data.labels), batch_size)
    with (
        working(model, place, True),
        _seeded(seed, place),
        progress_bar("Training", steps, "batch", progress) as bar,
        _until_stopped(history),
    ):
        update = _Update(model, optimizer, learning_rate, loss, schedule, steps, place)
        data, validation = _to(data, place), validation and _to(validation, place)
        start = time.perf_counter()
        for _ in range(epochs):
            score = Score()
            for images, labels in _shuffled(data, batch_size):
                output, batch_loss = update(augment(images) if augment else images, labels)
                score.add(output, labels, batch_loss)
                bar.update()
            _check_finite(score, update.rate, history)
            check = evaluate(model, validation, loss=loss, device=place) if validation else None
            history.add(score.mean(), score.losses, check, update.rate, time.perf_counter() - start)
            bar.set_postfix_str(history.last(), refresh=False)
            if on_epoch:
                on_epoch(history)
    return history


class _Update:
    """One step of learning: forward, loss, backward, and the optimizer's move."""

    def __init__(self, model, optimizer, learning_rate, loss, schedule, steps, place):
        self.model, self.loss = model, loss
        self.optimizer = _make_optimizer(optimizer, model, learning_rate)
        self.scheduler = _make_scheduler(schedule, self.optimizer, steps)
        self.half, self.scaler = mixed_precision(place)

    def __call__(self, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        with self.half:  # does nothing on a CPU
            output = _whole_precision(self.model(images))  # (B, K)
        batch_loss = self.loss(output, labels)
        self.optimizer.zero_grad()
        self.scaler.scale(batch_loss).backward()
        self.scaler.step(self.optimizer)  # without float16: optimizer.step()
        self.scaler.update()
        if self.scheduler:
            self.scheduler.step()
        return output, batch_loss.detach()

    @property
    def rate(self) -> float:
        return float(self.optimizer.param_groups[0]["lr"])


def _whole_precision(output):
    """Back to float32 for the loss; a model may return several outputs."""
    if isinstance(output, tuple | list):
        return tuple(_whole_precision(part) for part in output)
    return output.float() if output.dtype in (torch.float16, torch.bfloat16) else output


def _make_optimizer(make, model: nn.Module, learning_rate: float | None) -> torch.optim.Optimizer:
    parameters = [p for p in model.parameters() if p.requires_grad]
    if not parameters:
        raise ValueError("Nothing can learn: no parameter of this model has requires_grad=True.")
    make = make or torch.optim.Adam
    return make(parameters) if learning_rate is None else make(parameters, lr=learning_rate)


def _make_scheduler(schedule, optimizer: torch.optim.Optimizer, steps: int):
    if schedule is None:
        return None
    if callable(schedule):
        return schedule(optimizer, steps)
    if schedule != "one-cycle":
        raise ValueError(f"There is no schedule {schedule!r}: use None, 'one-cycle' or a function.")
    rates = [group["lr"] for group in optimizer.param_groups]
    return torch.optim.lr_scheduler.OneCycleLR(optimizer, rates, steps, cycle_momentum=False)


def _batches(count: int, batch_size: int) -> int:
    """How many batches an epoch has; one last example alone is left out, for batch norm needs two."""
    full, rest = divmod(count, batch_size)
    return full + (rest > 1 or full == 0)


def _shuffled(data: Split, batch_size: int) -> Iterator[Split]:
    """Go through the data once in random order, a batch at a time."""
    count = len(data.labels)
    order = torch.randperm(count).to(data.labels.device)  # drawn on the CPU: the same order on every device
    for k in range(_batches(count, batch_size)):
        chosen = order[k * batch_size : (k + 1) * batch_size]
        yield Split(data.images[chosen], data.labels[chosen])  # (B, C, H, W), (B,)


def _check_finite(score: Score, rate: float, history: History) -> None:
    bad = next((k for k, loss in enumerate(score.losses) if not math.isfinite(loss)), None)
    if bad is None:
        return
    raise Diverged(
        f"The loss became {score.losses[bad]} in epoch {len(history.loss) + 1}, batch {bad + 1}. Try a"
        f" learning rate ten times smaller (it is {rate:.3g} now), images scaled to [0, 1], or batch norm.",
        history,
    )


def _sensible(data: Split, epochs: int, batch_size: int) -> None:
    images, labels = data
    if len(images) != len(labels) or len(labels) == 0:
        raise ValueError(f"{len(images)} images with {len(labels)} labels: each image needs one label.")
    if epochs < 1 or batch_size < 1:
        raise ValueError(f"epochs is {epochs} and batch_size {batch_size}: both must be at least 1.")


def _to(data: Split, place: torch.device) -> Split:
    return Split(*(tensor.to(place) for tensor in data))


@contextlib.contextmanager
def _seeded(seed: int, place: torch.device):
    """Draw from `seed` inside; outside, the random state is as if nothing had happened."""
    gpus = [place.index or torch.cuda.current_device()] if place.type == "cuda" else []
    with torch.random.fork_rng(devices=gpus):
        torch.manual_seed(seed)
        yield


@contextlib.contextmanager
def _until_stopped(history: History):
    """End quietly when a person stops the training: what it has learnt is not lost."""
    try:
        yield
    except KeyboardInterrupt:
        history.interrupted = True
