"""Peers: torchvision and timm beside a CPU torch, and the comparison that every family's parity test makes.

torchvision's wheel expects the CUDA build of torch. Beside a CPU build its compiled operators do not load,
and its import fails where it registers shapes for them; declaring their names first is enough for its models.
"""

import importlib.util
import re
from pathlib import Path

import pytest
import torch
from torch import nn

INSTALL = "pip install --no-deps torchvision timm; pip install 'huggingface_hub<1' safetensors pyyaml tqdm"
_DECLARED = []  # torch forgets the names when the library object is collected


def folder_of(package):
    """Return a package's folder; a missing peer fails, for a skip would hide it."""
    spec = importlib.util.find_spec(package)
    if spec is None:
        pytest.fail(f"{package} is not installed: {INSTALL}")
    return Path(spec.submodule_search_locations[0])


def operators_load(folder):
    """Load torchvision's compiled operators where they fit this torch, as its own import would."""
    for library in folder.glob("_C*.so"):
        try:
            torch.ops.load_library(library)
        except OSError:
            return False
        return True
    return False


def declare_operators(folder):
    """Declare the names for which torchvision registers shapes; nothing here calls one."""
    source = (folder / "_meta_registrations.py").read_text()
    names = set(re.findall(r'register_(?:fake|meta)\("(?:torchvision::)?(\w+)"', source))
    library = torch.library.Library("torchvision", "DEF")
    for name in sorted(names):
        library.define(f"{name}(Tensor x) -> Tensor")
    _DECLARED.append(library)


@pytest.fixture(scope="session")
def torchvision():
    """The torchvision package, importable beside any build of torch."""
    folder = folder_of("torchvision")
    if not operators_load(folder):
        declare_operators(folder)
    import torchvision

    return torchvision


@pytest.fixture(scope="session")
def timm(torchvision):
    """The timm package, which imports torchvision."""
    folder_of("timm")
    import timm

    return timm


def randomise(model, seed=0):
    """Fill every parameter and buffer with distinct numbers that neither drown nor blow up a signal."""
    generator = torch.Generator().manual_seed(seed)
    for name, tensor in model.state_dict().items():
        if name.endswith("running_var"):
            tensor.uniform_(0.5, 1.5, generator=generator)
        elif tensor.dim() > 1:
            tensor.normal_(0, (2 / tensor[0].numel()) ** 0.5, generator=generator)
        elif tensor.is_floating_point():
            middle = 1 if name.endswith("weight") else 0  # a batch norm's scale, or a bias, or a running mean
            tensor.uniform_(middle - 0.2, middle + 0.2, generator=generator)
        else:
            tensor.zero_()


def on_meta(make):
    """Make a network without memory, and without the seconds that initialising it takes."""
    with torch.device("meta"):
        return make()


def state_for(model):
    """Return a state that shares the big tensors and copies the small ones, which training may update."""
    return {name: t if t.dim() > 1 else t.clone() for name, t in model.state_dict().items()}


def run(model, images, training):
    """Return a network's outputs as a dict of tensors, dropout drawing the same numbers each time."""
    torch.manual_seed(1)
    with torch.no_grad():
        output = model.train(training)(images)
    if isinstance(output, torch.Tensor):
        return {"logits": output}
    return {name.replace("aux_logits", "aux"): tensor for name, tensor in output._asdict().items()}


def assert_same_network(make_ours, make_theirs, side, batch=2):
    """Assert strict loading both ways, equal outputs in both modes, and equal batch statistics afterwards.

    Tolerance: 1e-5 of the value plus 1e-6 of the largest, since some layers may be fused differently.
    """
    theirs = on_meta(make_theirs).to_empty(device="cpu")
    randomise(theirs)
    ours: nn.Module = on_meta(make_ours)
    ours.load_state_dict(state_for(theirs), strict=True, assign=True)
    on_meta(make_theirs).load_state_dict(state_for(ours), strict=True, assign=True)
    images = torch.randn(batch, 3, side, side, generator=torch.Generator().manual_seed(2))
    assert_same_outputs(ours, theirs, images)
    for name, tensor in theirs.state_dict().items():
        if tensor.dim() < 2:
            torch.testing.assert_close(ours.state_dict()[name], tensor, msg=name)


def assert_same_outputs(ours, theirs, images, modes=(False, True)):
    """Assert equal outputs in evaluation and in training, or in the one of them that is named."""
    for training in modes:
        got, expected = run(ours, images, training), run(theirs, images, training)
        assert got.keys() == expected.keys()
        for name, tensor in expected.items():
            assert tensor.std() > 1e-3, "the comparison needs outputs that vary"
            atol = 1e-6 * tensor.abs().max().item()
            torch.testing.assert_close(got[name], tensor, rtol=1e-5, atol=atol, msg=f"{name}, {training=}")


@pytest.fixture
def same_network():
    """`assert_same_network`, for test files, which cannot import from here."""
    return assert_same_network


def assert_same_names(make_ours, make_theirs):
    """Assert that both have entries of the same names, shapes and types, without the memory to hold them."""
    ours, theirs = (on_meta(make).state_dict() for make in (make_ours, make_theirs))
    described = [{name: (t.shape, t.dtype) for name, t in state.items()} for state in (ours, theirs)]
    assert described[0] == described[1]


@pytest.fixture
def same_names():
    """`assert_same_names`: all that is asked of a heavy network in a quick run."""
    return assert_same_names


def in_order(network, images):
    """The layers that have a state of their own, in the order in which they run."""
    seen = []
    layers = [m for m in network.modules() if [*m.parameters(recurse=False), *m.buffers(recurse=False)]]
    hooks = [layer.register_forward_pre_hook(lambda layer, _: seen.append(layer)) for layer in layers]
    with torch.no_grad():
        network.train()(images)  # some run in training only
    for hook in hooks:
        hook.remove()
    assert {*layers} == {*seen} and len(layers) == len(seen), "every layer runs, once"
    return seen


def assert_same_by_order(make_ours, make_theirs, images, modes=(False, True)):
    """Assert what `assert_same_network` does, of networks that name their layers differently.

    The peer's layers hand their state over to ours in the order in which they run.
    """
    theirs, ours = on_meta(make_theirs).to_empty(device="cpu"), on_meta(make_ours)
    randomise(theirs)
    pairs = list(zip(in_order(ours, images.to("meta")), in_order(theirs, images), strict=True))
    for mine, other in pairs:
        assert isinstance(other, type(mine))
        mine.load_state_dict(state_for(other), strict=True, assign=True)
    assert_same_outputs(ours, theirs, images, modes)
    for mine, other in pairs:
        for name, tensor in other.state_dict().items():
            torch.testing.assert_close(mine.state_dict()[name], tensor, msg=name)


@pytest.fixture
def same_by_order():
    """`assert_same_by_order`, for networks whose layers have other names than the peer's."""
    return assert_same_by_order
