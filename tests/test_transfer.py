"""Carrying a trained network over: the functions, the data, the shipped weights, and photos of one's own."""

import hashlib
import json
import shutil

import pytest
import torch
from torch import nn

from cnncourse import data, models, notebooks, recorded, training, transfer
from cnncourse._course import course_folder
from cnncourse._download import Damaged
from cnncourse._letters import FONTS, TEST_FONTS
from cnncourse._shipped import WEIGHTS, card, shipped_names
from cnncourse.pretrained import pretrained


@pytest.fixture
def network():
    """LetterNet, a quarter as wide, in training mode, and a batch."""
    torch.manual_seed(0)
    return models.build("letternet", classes=5, width=0.25), torch.randn(6, 1, 16, 16)


def step_of(model, images):
    def step():
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        nn.functional.cross_entropy(model(images), torch.arange(len(images)) % 3).backward()
        optimizer.step()

    return step


# --- what one does with a trained network ----------------------------------------------------------


@pytest.mark.parametrize("stages", range(5))
def test_those_and_only_those_move(network, stages):
    model, images = network
    transfer.freeze(model, stages)
    transfer.train_mode(model)
    changed = transfer.moved(model, step_of(model, images))
    still = tuple(f"stage{k}." for k in range(1, stages + 1))
    assert changed == [name for name in model.state_dict() if not name.startswith(still)]


def test_what_was_frozen_learns_again(network):
    model, _ = network
    transfer.freeze(model, 4)
    transfer.freeze(model, 1)
    assert [name for name, p in model.named_parameters() if not p.requires_grad] == [
        "stage1.0.weight", "stage1.1.weight", "stage1.1.bias",
    ]  # fmt: skip


def test_a_body_and_its_rest_are_the_network(network):
    model, images = network
    for stages in range(5):
        body, rest = transfer.parts(model.eval(), stages)
        seen = transfer.behind(body, data.Split(images, torch.zeros(6)))
        assert torch.allclose(rest(seen.images), model(images), atol=1e-6)


def test_groups_hold_each_learning_parameter_once(network):
    model, _ = network
    transfer.freeze(model, 2)
    groups = transfer.parameter_groups(model, 0.1, 0.5)
    assert [group["lr"] for group in groups] == [0.1, 0.05, 0.025]
    held = [id(p) for group in groups for p in group["params"]]
    assert sorted(held) == sorted(id(p) for p in model.parameters() if p.requires_grad)


def test_few_of_each_are_few_of_each():
    split = data.letters(260, 26).train
    few = transfer.few_of_each(split, 3, seed=1)
    assert few.labels.bincount().tolist() == [3] * 26 and few.images.shape == (78, 1, 16, 16)
    assert len(few.images.flatten(1).unique(dim=0)) == 78
    assert not torch.equal(few.images, transfer.few_of_each(split, 3, seed=2).images)


# --- letters and tilted digits ----------------------------------------------------------------------


def test_letters_are_seeded_balanced_and_tested_in_other_fonts():
    drawn, again, other = data.letters(52, 26), data.letters(52, 26), data.letters(52, 26, seed=1)
    assert drawn.train.images.shape == (52, 1, 16, 16) and drawn.train.images.dtype == torch.float32
    assert drawn.train.images.min() >= 0 and 0.9 < drawn.train.images.max() <= 1
    assert torch.equal(drawn.test.images, again.test.images)
    assert not torch.equal(drawn.train.images, other.train.images)
    assert drawn.test.labels.bincount().tolist() == [1] * 26 and not set(FONTS) & set(TEST_FONTS)
    corners = drawn.train.images[:, 0, [0, 0, -1, -1], [0, -1, 0, -1]]
    assert corners.mean() < 0.1 < drawn.train.images.mean()  # white on black


def test_tilted_digits_are_the_digits_tilted():
    tilted, again, plain = data.tilted_digits(), data.tilted_digits(), data.digits(16)
    assert tilted.train.images.shape == plain.train.images.shape
    assert torch.equal(tilted.test.labels, plain.test.labels)
    assert torch.equal(tilted.test.images, again.test.images)
    assert not torch.equal(tilted.test.images, data.tilted_digits(seed=1).test.images)
    both = torch.stack([tilted.test.images, plain.test.images]).flatten(2)  # (2, 500, 256)
    alike = nn.functional.cosine_similarity(*both)
    others = nn.functional.cosine_similarity(both[0], both[1].roll(1, 0))
    assert alike.mean() > others.mean() + 0.1


# --- shipped weights --------------------------------------------------------------------------------


def test_the_card_is_that_of_the_file_and_of_the_recorded_run():
    about, run = card("letternet"), recorded("letternet")
    content = (WEIGHTS / about["file"]).read_bytes()
    assert hashlib.sha256(content).hexdigest() == about["sha256"] and len(content) == about["bytes"] < 1e6
    assert about["recipe"] == run["settings"]
    assert about["accuracy"]["value"] == pytest.approx(run["results"]["as trained"]["mean"], abs=1e-4)


def test_every_shipped_file_has_its_card():
    assert {path.stem for path in WEIGHTS.iterdir()} == set(shipped_names()) == {"letternet"}


def test_shipped_weights_read_letters():
    model, prepare, classes = pretrained("letternet")
    letters = data.letters(26, 1300, seed=5)  # not those of the card
    found = training.evaluate(model, data.Split(prepare(letters.test.images), letters.test.labels))
    assert found.accuracy == pytest.approx(card("letternet")["accuracy"]["value"], abs=0.02)
    assert not model.training and len(classes) == 26
    pixels = (255 * letters.test.images[:3]).round().byte()
    assert torch.allclose(prepare(pixels), prepare(pixels / 255))
    assert prepare(torch.rand(1, 40, 40)).shape == (1, 16, 16)


def test_a_damaged_file_is_refused(tmp_path):
    shutil.copy(WEIGHTS / "letternet.safetensors", tmp_path)
    assert pretrained("letternet", root=tmp_path).classes[0] == "A"
    content = bytearray((tmp_path / "letternet.safetensors").read_bytes())
    content[-1] ^= 1
    (tmp_path / "letternet.safetensors").write_bytes(content)
    with pytest.raises(Damaged, match="not the file of its card"):
        pretrained("letternet", root=tmp_path)


def test_each_network_is_its_own():
    first, second = pretrained("letternet").model, pretrained("letternet").model
    with torch.no_grad():
        first.head.weight.zero_()
    assert second.head.weight.abs().sum() > 0


# --- photos of one's own ----------------------------------------------------------------------------


def test_a_folder_without_photos_says_so(tmp_path):
    with pytest.raises(FileNotFoundError, match="make one for each class"):
        data.photo_folder(tmp_path, lambda photo: photo)
    (tmp_path / "ants").mkdir()
    with pytest.raises(FileNotFoundError, match="no photos"):
        data.photo_folder(tmp_path, lambda photo: photo)
    (tmp_path / "ants" / "one.jpg").write_text("no photo")
    with pytest.raises(ValueError, match=r"one\.jpg is damaged or no photo"):
        data.photo_folder(tmp_path, lambda photo: photo)


def test_photos_come_prepared_with_their_class(shared):
    split = data.photo_folder(shared / "data/ants_bees/train", lambda photo: photo[:, :100, :100], limit=3)
    assert split.images.shape == (6, 3, 100, 100) and split.images.dtype == torch.uint8
    assert split.labels.tolist() == [0, 0, 0, 1, 1, 1]


def online_cell():
    cells = notebooks.read(course_folder() / "09_transfer_learning.ipynb").cells
    return next(cell.source for cell in cells if cell.id == "online-run")


def test_the_online_cell_downloads_nothing_by_default():
    assert "download = False" in online_cell() and 'photos = ""' in online_cell()


def test_the_online_cell_runs_on_real_photos_with_local_weights(shared, tmp_path, capsys):
    """ResNet-18 with random weights from a file: the path that published ones take."""
    from pathlib import Path

    from cnncourse.exercises import EXERCISES

    torch.manual_seed(0)
    torch.save(models.build("resnet18").state_dict(), tmp_path / "resnet18.pth")
    names = {
        "Path": Path, "nn": nn, "data": data, "training": training, "pretrained": pretrained,
        "cache_features": EXERCISES["cache_features"].reference,
    }  # fmt: skip
    exec(online_cell(), names)
    assert "Nothing was downloaded" in capsys.readouterr().out
    share = names["photo_features"](shared / "data/ants_bees", tmp_path / "resnet18.pth", limit=4)
    assert 0 <= share <= 1 and share * 8 == round(share * 8)


# --- the recorded table -----------------------------------------------------------------------------


def test_the_recorded_table_is_complete():
    run = recorded("transfer")
    told = run["settings"]
    ways = [*told["frozen"], "scratch", "slower"]
    wanted = {f"digits/{n}/{way}" for n in told["labels"] for way in ways}
    wanted |= {f"shapes/{n}/{way}" for n in told["far_labels"] for way in (0, 2, 4, "scratch")}
    assert set(run["results"]) == wanted and len(run["seeds"]) >= 5
    assert json.dumps(run, allow_nan=False)
