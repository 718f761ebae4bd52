"""Every network that discovery finds keeps its card: parameters, multiply-adds, the shape of every stage."""

import pkgutil
from importlib import import_module
from pathlib import Path

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from cnncourse import models

FILES = [info.name for info in pkgutil.iter_modules(models.__path__) if not info.name.startswith("_")]
LONGEST = 150  # lines; most are near 120: a file is read beside its paper, in one sitting
NETWORKS = pytest.mark.parametrize("name", models.names())


def images(name, batch=1):
    return torch.empty(batch, *models.CARDS[name].input, device="meta")


@NETWORKS
def test_parameters(name, on_meta):
    assert sum(p.numel() for p in on_meta(name).parameters()) == models.CARDS[name].params


@NETWORKS
def test_multiply_adds(name, on_meta):
    with FlopCounterMode(display=False) as counter:
        on_meta(name)(images(name))
    assert counter.get_total_flops() == 2 * models.CARDS[name].macs


@NETWORKS
def test_stages(name, on_meta):
    """Each submodule that the card names turns two images into maps of that shape."""
    seen, stages = {}, models.CARDS[name].stages
    assert stages, "a card without stages would let a wrong stride pass"
    hooks = [
        on_meta(name).get_submodule(stage).register_forward_hook(
            lambda _, __, output, stage=stage: seen.update({stage: tuple(output.shape)})
        )
        for stage in stages
    ]  # fmt: skip
    try:
        on_meta(name)(images(name, batch=2))
    finally:
        for hook in hooks:
            hook.remove()
    assert seen == {stage: (2, *shape) for stage, shape in stages.items()}


@NETWORKS
def test_a_card_says_what_was_published_and_where(name):
    assert models.CARDS[name].error
    assert models.CARDS[name].source


@NETWORKS
def test_impossible_images_are_told_what_fits(name, on_meta):
    channels, height, width = models.CARDS[name].input
    for shape in ((1, channels + 1, height, width), (channels, height, width)):  # a channel more; no batch
        with pytest.raises(ValueError, match=rf"\(N, {channels}, .*got \({shape[0]}, {shape[1]},"):
            on_meta(name)(torch.empty(shape, device="meta"))
    with pytest.raises(TypeError, match=r"/ 255"):
        on_meta(name)(torch.empty(1, channels, height, width, device="meta", dtype=torch.uint8))


@NETWORKS
@pytest.mark.parametrize("side", [1, 2, 5, 17])
def test_a_small_image_is_answered_or_refused_in_our_words(name, on_meta, side):
    """Never an error from inside a layer."""
    channels, *_ = models.CARDS[name].input
    try:
        answer = on_meta(name)(torch.empty(2, channels, side, side, device="meta"))
    except ValueError as error:
        assert "This network takes images" in str(error)
    else:
        assert answer.dim() == 2 and len(answer) == 2


@pytest.mark.parametrize("file", FILES)
def test_a_file_is_short_and_builds_what_its_cards_name(file):
    module = import_module(f"cnncourse.models.{file}")
    assert len(Path(module.__file__).read_text().splitlines()) <= LONGEST
    assert module.__doc__, "a header with the citation and our deviations"
    with torch.device("meta"):
        assert all(isinstance(module.build(name), torch.nn.Module) for name in module.CARDS)
    with pytest.raises(ValueError, match="There are: "):
        module.build("no_such_network")


def test_no_two_files_claim_a_name():
    claimed = [name for file in FILES for name in import_module(f"cnncourse.models.{file}").CARDS]
    assert sorted(claimed) == sorted(set(claimed)) == sorted(models.names())


def test_an_unknown_name_is_told_the_nearest():
    with pytest.raises(ValueError, match=r"'vgg_dd'. Did you mean vgg_d.* There are: .*lenet5"):
        models.build("vgg_dd")
    with pytest.raises(ValueError, match=r"No network is called 'qqqq'. There are: "):
        models.build("qqqq")


def test_a_file_without_cards_is_named(tmp_path, monkeypatch):
    (tmp_path / "half_written.py").write_text("CARDS = {}\n")
    monkeypatch.setattr(models, "__path__", [str(tmp_path)])
    with pytest.raises(ImportError, match=r"half_written\.py must define CARDS and build"):
        models._discover()
