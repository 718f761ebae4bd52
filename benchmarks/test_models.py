"""How fast the networks are beside torchvision's and timm's; `pytest -s benchmarks/test_models.py`, minutes.

Both networks take turns on one thread, and the figure is the ratio of their fastest steps in processor time,
so that other programs disturb it little: above 1, ours is faster. "forward" is inference; "backward" is a
forward step, a loss and the gradients of all weights.
"""

import time

import pytest
import torch

from cnncourse import models

PIXELS, ROUNDS, ENOUGH = 96, {1: 15, 16: 4}, 0.97  # rounds for each batch size
PEERS = {
    "alexnet": ("torchvision", "alexnet", {}),
    "vgg_a": ("torchvision", "vgg11", {}),
    "googlenet": ("torchvision", "googlenet", {"aux_logits": False, "init_weights": False}),
    "resnet18": ("torchvision", "resnet18", {}),
    "resnet50": ("torchvision", "resnet50", {}),
    "resnet50_preact": ("timm", "resnetv2_50", {}),
    "se_resnet50": ("timm", "legacy_seresnet50", {}),
    "densenet121": ("torchvision", "densenet121", {}),
    "dpn68": ("timm", "dpn68", {}),
    "efficientnet_b0": ("torchvision", "efficientnet_b0", {}),
}


@pytest.fixture
def peer(request, name):
    """The peer of the same name, built by the library that has it."""
    library, theirs, options = PEERS[name]
    package = request.getfixturevalue(library)
    make = package.create_model if library == "timm" else package.models.get_model
    return make(theirs, **options)


def step(model, images, backward):
    """Return a function of no arguments that makes one step."""

    def infer():
        with torch.inference_mode():
            model(images)

    def learn():
        model.zero_grad(set_to_none=True)
        model(images).square().mean().backward()

    model.train(backward)
    return learn if backward else infer


@pytest.mark.benchmark(timer=time.process_time)
@pytest.mark.parametrize("backward", [False, True], ids=["forward", "backward"])
@pytest.mark.parametrize("batch", ROUNDS)
@pytest.mark.parametrize("name", PEERS)
def test_as_fast_as_the_peer(benchmark, peer, name, batch, backward):
    torch.manual_seed(0)
    images, seconds = torch.randn(batch, 3, PIXELS, PIXELS), []
    options = {"aux": False} if name == "googlenet" else {}
    ours, theirs = (step(model, images, backward) for model in (models.build(name, **options), peer))

    def turn():
        begin = time.process_time()
        theirs()
        seconds.append(time.process_time() - begin)

    benchmark.pedantic(ours, setup=turn, rounds=ROUNDS[batch], warmup_rounds=1)
    ratio = min(seconds) / benchmark.stats.stats.min
    benchmark.extra_info.update(peer=" ".join(PEERS[name][:2]), ratio=round(ratio, 3))
    print(f"{name} {batch} {'backward' if backward else 'forward'}: {ratio:.3f} of {PEERS[name][0]}'s speed")
    assert ratio >= ENOUGH, "measure again on a quiet machine before you look for a cause"
