"""How good a model is: loss, accuracy, predictions, and what it takes for what."""

from collections.abc import Callable
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ._device import device, working
from .data import Split

_device = device  # `device` is an argument of the functions below


class Evaluation(NamedTuple):
    """Mean loss, and the share of right classes (None where labels are not class indices)."""

    loss: float
    accuracy: float | None


class Score:
    """Running sums of loss and right answers; they stay on the device until they are asked for."""

    def __init__(self):
        self._losses, self._sizes, self._right, self._answers = [], [], 0, 0

    def add(self, output, labels: Tensor, batch_loss: Tensor) -> None:
        self._losses.append(batch_loss)
        self._sizes.append(len(labels))
        scores = output[0] if isinstance(output, tuple) else output  # the main output comes first
        classes = scores.ndim == labels.ndim + 1 and scores.shape[1] > 1 and not labels.is_floating_point()
        if classes:
            self._right = self._right + (scores.argmax(1) == labels).sum()
            self._answers += labels.numel()

    @property
    def losses(self) -> list[float]:
        return torch.stack(self._losses).tolist()

    def mean(self) -> Evaluation:
        """Loss and accuracy over all examples."""
        total = sum(loss * size for loss, size in zip(self.losses, self._sizes, strict=True))
        accuracy = int(self._right) / self._answers if self._answers else None
        return Evaluation(total / sum(self._sizes), accuracy)


def evaluate(
    model: nn.Module,
    data: Split,
    *,
    loss: Callable[..., Tensor] = F.cross_entropy,
    batch_size: int = 512,
    device: str | torch.device | None = None,
) -> Evaluation:
    """Measure mean loss and accuracy on `data`, in evaluation mode; the model is left as it was.

    loss: as in `train`; it must return the mean over the batch.
    """
    if len(data.labels) == 0:
        raise ValueError("There is nothing to evaluate: the split is empty.")
    place, score = _device(device), Score()
    with working(model, place, training=False), torch.no_grad():
        for images, labels in zip(*(tensor.split(batch_size) for tensor in data), strict=True):
            output, labels = model(images.to(place)), labels.to(place)
            score.add(output, labels, loss(output, labels))
    return score.mean()


def predict(
    model: nn.Module,
    images: Tensor,
    *,
    batch_size: int = 512,
    device: str | torch.device | None = None,
) -> Tensor:
    """Run the model on images (N, C, H, W) in evaluation mode, without gradients; the output is on the CPU.

    Of several outputs, the first. For classes: `predict(model, images).argmax(1)`.
    """
    place, outputs = _device(device), []
    with working(model, place, training=False), torch.no_grad():
        for batch in images.split(batch_size):
            output = model(batch.to(place))
            outputs.append((output[0] if isinstance(output, tuple | list) else output).cpu())
    return torch.cat(outputs)


def confusion_matrix(predicted: Tensor, labels: Tensor, classes: int | None = None) -> Tensor:
    """Count (K, K) how often class `row` was taken for class `column`; right answers are on the diagonal.

    predicted: classes (N,), or scores (N, K) of which the largest counts. labels: classes (N,).
    """
    if predicted.ndim == 2:
        classes = classes or predicted.shape[1]
        predicted = predicted.argmax(1)
    if predicted.shape != labels.shape:
        raise ValueError(f"{len(predicted)} predictions cannot be compared with {len(labels)} labels.")
    classes = classes or int(max(predicted.max(), labels.max())) + 1
    pairs = labels.cpu() * classes + predicted.cpu()
    return pairs.bincount(minlength=classes**2).reshape(classes, classes)
