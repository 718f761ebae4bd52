"""Let a frozen body see each picture once."""

import torch

from .._kinds import exercise
from ._networks import chain


def features_found(candidate, body, images, *batch_size):
    """The features, and what the body went through for them."""
    before = {name: value.clone() for name, value in body.named_buffers()}
    sizes = []
    body.register_forward_pre_hook(lambda _, given: sizes.append(len(given[0])))
    features = candidate(body, images, *batch_size)
    return {
        "features": features,
        "cut off from the graph": isinstance(features, torch.Tensor) and not features.requires_grad,
        "batches are small enough": max(sizes, default=0) <= (batch_size[0] if batch_size else 256),
        "pictures that the body saw": sum(sizes),
        "running statistics stayed": all(torch.equal(v, before[n]) for n, v in body.named_buffers()),
    }


@exercise(
    level=2,
    minutes=10,
    lines=3,
    observe=features_found,
    equivalent={"batch_size=255": "any batch that is small enough gives the same features"},
    hints=(
        "What must the body not do while it answers: learn statistics, drop units, remember a graph?",
        "`body.eval()`, and then `with torch.no_grad():`",
        "`images.split(batch_size)` gives the batches, the last one smaller; `torch.cat` joins the answers.",
    ),
    why="A frozen body answers alike in every epoch. Ask it once, and the head trains on rows of numbers.",
)
def cache_features(body, images, batch_size=256):
    """What a frozen body answers to images (N, C, H, W): features (N, D), computed in batches.

    In evaluation mode and without a graph; each picture goes through the body once, at most `batch_size` of
    them at a time.
    """
    body.eval()
    with torch.no_grad():
        return torch.cat([body(batch) for batch in images.split(batch_size)])  # (N, D)


@cache_features.examples
def _(draw):
    yield chain(draw, 3, 4, dropout=True)[:-1].train(), draw(5, 1, 4, 5), 3
    yield chain(draw, 4, 3, 5)[:-1].eval(), draw(6, 1, 5, 4), 2
    yield chain(draw, 2, 3)[:-1].train(), 2 * draw(258, 1, 2, 3) + 1
    yield chain(draw, 3, 5, dropout=True)[:-1].eval(), draw(4, 1, 5, 5), 7


@cache_features.mistake(
    "The body was in training mode: dropout dropped, batch norm went with the batch and changed its "
    "statistics. `body.eval()` first."
)
def _(body, images, batch_size=256):
    body.train()
    with torch.no_grad():
        return torch.cat([body(batch) for batch in images.split(batch_size)])


@cache_features.mistake(
    "You left the mode as it came. A body that comes in training mode drops units and changes its "
    "statistics: `body.eval()`."
)
def _(body, images, batch_size=256):
    with torch.no_grad():
        return torch.cat([body(batch) for batch in images.split(batch_size)])


@cache_features.mistake(
    "The features still hang on the graph of the body, so that memory fills up and training would go "
    "through it again. Compute them `with torch.no_grad():`"
)
def _(body, images, batch_size=256):
    body.eval()
    return torch.cat([body(batch) for batch in images.split(batch_size)])


@cache_features.mistake(
    "All pictures went through at once. Thousands of them do not fit in memory: go in batches."
)
def _(body, images, batch_size=256):
    body.eval()
    with torch.no_grad():
        return body(images)


@cache_features.mistake("The last pictures are missing: a last batch may be smaller than the others.")
def _(body, images, batch_size=256):
    body.eval()
    whole = max(1, len(images) // batch_size)
    with torch.no_grad():
        return torch.cat([body(b) for b in images.split(batch_size)[:whole]])


@cache_features.mistake("Each picture went through the body twice. Keep the first answer.")
def _(body, images, batch_size=256):
    body.eval()
    with torch.no_grad():
        return torch.cat([body(batch) for batch in images.split(batch_size) if len(body(batch))])


@cache_features.alternative
def filled_in(body, images, batch_size=256):
    body.requires_grad_(False).train(False)
    rows = []
    for start in range(0, len(images), batch_size):
        rows.extend(body(images[start : start + batch_size]).detach())
    return torch.stack(rows)
