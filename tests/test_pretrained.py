"""Published weights: found, checked, refused or downloaded, against files and a server made here."""

import functools
import hashlib
import os
import pickle
import re
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest
import torch

from cnncourse import models
from cnncourse import pretrained as module
from cnncourse.pretrained import Preprocessing, imagenet_classes, preprocessing, pretrained


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A ResNet-18 with random weights, saved with its own hash in the name, as published files are."""
    torch.manual_seed(0)
    network = models.build("resnet18").eval()
    return network, save(network.state_dict(), tmp_path_factory.mktemp("weights"))


def save(state, folder, **options):
    path = folder / "anew.pth"
    torch.save(state, path, **options)
    return path.rename(folder / f"resnet18-{hashlib.sha256(path.read_bytes()).hexdigest()[:8]}.pth")


@pytest.fixture
def published(saved, monkeypatch, tmp_path):
    """The table names the file saved here, nobody answers at its address, and the cache is empty."""
    entry = module.WEIGHTS["resnet18"]._replace(file=saved[1].name)
    monkeypatch.setitem(module.WEIGHTS, "resnet18", entry)
    monkeypatch.setattr(module, "ADDRESS", "http://127.0.0.1:9/models/")
    monkeypatch.setenv("CNNCOURSE_DATA", str(tmp_path / "cache"))
    return tmp_path / "cache" / "weights" / entry.file


@pytest.fixture
def server(tmp_path, monkeypatch, published):
    """A server on this machine that has the file; its `asked` lists what was fetched."""
    folder = tmp_path / "server"
    folder.mkdir()
    asked = []

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, *_):
            asked.append(self.path)

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=folder))
    thread = threading.Thread(target=httpd.serve_forever)
    thread.start()
    monkeypatch.setattr(module, "ADDRESS", f"http://127.0.0.1:{httpd.server_port}/")
    yield folder, asked
    httpd.shutdown()
    thread.join()
    httpd.server_close()


def assert_is(model, network):
    """Equal weights, statistics and outputs, ready to use and to fine-tune."""
    assert not model.training and all(p.requires_grad for p in model.parameters())
    for key, value in network.state_dict().items():
        assert torch.equal(model.state_dict()[key], value), key
    image = torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        assert torch.equal(model(image), network(image))


# --- files that are there --------------------------------------------------------------------------


def test_a_folder_with_the_published_file(saved, published):
    network, path = saved
    model, preprocess, classes = pretrained("resnet18", root=path.parent)
    assert_is(model, network)
    assert preprocess == Preprocessing(256, 224, "bilinear") and len(classes) == 1000


def test_any_file_of_weights_for_the_network(saved, tmp_path):
    """A learner's own, in torch's older format too; only a published name promises published content."""
    network, _ = saved
    path = tmp_path / "mine.pt"
    torch.save(network.state_dict(), path, _use_new_zipfile_serialization=False)
    assert_is(pretrained("resnet18", root=str(path)).model, network)


@pytest.mark.parametrize("change", ["cut", "flip"])
def test_a_damaged_published_file_is_refused(saved, published, tmp_path, change):
    content = bytearray(saved[1].read_bytes())
    if change == "cut":
        content = content[: len(content) // 2]
    else:
        content[len(content) // 2] ^= 1
    (tmp_path / published.name).write_bytes(content)
    with pytest.raises(ValueError, match=rf"{published.name} is damaged or cut short: its sha256 begins"):
        pretrained("resnet18", root=tmp_path)


@pytest.mark.parametrize("new", [True, False])
def test_a_file_cut_short_is_refused_without_a_hash_too(saved, tmp_path, new):
    path = tmp_path / "mine.pt"
    torch.save(saved[0].state_dict(), path, _use_new_zipfile_serialization=new)
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(ValueError, match=r"mine\.pt is damaged"):
        pretrained("resnet18", root=path)


class Burglar:
    """An object whose unpickling makes a folder."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (self.path,)


@pytest.mark.parametrize("write", [torch.save, lambda value, path: path.write_bytes(pickle.dumps(value, 2))])
def test_a_file_that_would_run_code_is_refused(tmp_path, write):
    trap = tmp_path / "sprung"
    write({"conv1.weight": Burglar(str(trap))}, tmp_path / "evil.pth")
    with pytest.raises(ValueError, match="could run code, so nothing was read") as caught:
        pretrained("resnet18", root=tmp_path / "evil.pth")
    assert not trap.exists()
    assert "weights_only" not in str(caught.value)  # torch's own advice would be to open it
    Burglar(str(trap)).__reduce__()[0](str(trap))
    assert trap.exists()  # the trap works


def test_other_files_are_told_apart(saved, tmp_path):
    torch.save([torch.zeros(2)], tmp_path / "list.pth")
    with pytest.raises(ValueError, match="is no state dict: save one with"):
        pretrained("resnet18", root=tmp_path / "list.pth")
    torch.save(models.build("resnet34", width=1 / 8).state_dict(), tmp_path / "other.pth")
    with pytest.raises(
        ValueError, match=r"not the weights of resnet18: 0 tensors are missing .* do not belong"
    ):
        pretrained("resnet18", root=tmp_path / "other.pth")
    state = saved[0].state_dict()
    del state["fc.bias"]
    torch.save(state, tmp_path / "headless.pth")
    with pytest.raises(ValueError, match=r"1 tensors are missing \['fc.bias'\]"):
        pretrained("resnet18", root=tmp_path / "headless.pth")


def test_a_missing_file_says_which_and_from_where(tmp_path):
    with pytest.raises(
        FileNotFoundError, match=r"Put resnet18-f37072fd.pth there, from https://.*f37072fd.pth"
    ):
        pretrained("resnet18", root=tmp_path)


def test_an_unknown_name_says_what_there_is():
    with pytest.raises(ValueError, match=r"Did you mean .*resnet18.* There are: alexnet, vgg_a, "):
        pretrained("resnet-18")


def test_densenets_older_names_and_batch_norms_without_counters(tmp_path):
    torch.manual_seed(2)
    network = models.build("densenet121").eval()
    old = {
        re.sub(r"(denselayer\d+\.(?:norm|conv))(\d)", r"\1.\2", key): value
        for key, value in network.state_dict().items()
        if not key.endswith("num_batches_tracked")
    }
    assert "features.denseblock1.denselayer1.norm.1.weight" in old
    torch.save(old, tmp_path / "old.pth")
    assert_is(pretrained("densenet121", root=tmp_path / "old.pth").model, network)


# --- the download ----------------------------------------------------------------------------------


def test_offline_says_what_to_fetch_and_where_to_put_it(published):
    with pytest.raises(ConnectionError) as caught:
        pretrained("resnet18")
    for words in (published.name, f"Fetch http://127.0.0.1:9/models/{published.name} elsewhere",
                  f"put it into {published.parent}", "45 MB", "pretrained('resnet18', root="):  # fmt: skip
        assert words in str(caught.value)
    assert not published.exists()


def test_downloaded_once_and_kept(saved, published, server, capsys):
    folder, asked = server
    (folder / published.name).write_bytes(saved[1].read_bytes())
    for _ in range(2):
        assert_is(pretrained("resnet18").model, saved[0])
    assert asked == [f"/{published.name}"] and published.read_bytes() == saved[1].read_bytes()
    published.write_bytes(b"damaged since")
    assert_is(pretrained("resnet18").model, saved[0])
    assert len(asked) == 2 and published.read_bytes() == saved[1].read_bytes()


def test_what_is_put_there_by_hand_is_used(saved, published):
    published.parent.mkdir(parents=True)
    published.write_bytes(saved[1].read_bytes())
    assert_is(pretrained("resnet18").model, saved[0])


@pytest.mark.parametrize("content", [b"<html>Sign in</html>", b""])
def test_a_wrong_answer_is_not_kept(published, server, content):
    folder, _ = server
    (folder / published.name).write_bytes(content)
    with pytest.raises(ConnectionError, match="what came is damaged or cut short"):
        pretrained("resnet18")
    assert list(published.parent.iterdir()) == []


# --- preprocessing and names -----------------------------------------------------------------------


def test_the_table_names_our_networks_and_files_with_hashes():
    assert set(module.WEIGHTS) <= set(models.names())
    assert all(re.fullmatch(r"[\w-]+-[0-9a-f]{8}\.pth", entry.file) for entry in module.WEIGHTS.values())


def test_preprocessing_cuts_the_middle_and_normalises():
    rows, columns = torch.meshgrid(torch.arange(256.0), torch.arange(300.0), indexing="ij")
    photo = torch.stack((rows / 300, columns / 300, torch.full_like(rows, 0.25)))
    out = preprocessing("resnet18")(photo)  # the short side is 256 already: only the cut and the colours
    assert out.shape == (3, 224, 224)
    expected = (photo[:, 16:240, 38:262] - torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1)) / torch.tensor(
        [0.229, 0.224, 0.225]
    ).view(3, 1, 1)
    torch.testing.assert_close(out, expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("size", [(480, 640), (640, 480), (100, 150)])
@pytest.mark.parametrize("name", ["googlenet", "efficientnet_b1"])
def test_preprocessing_takes_any_size_batches_and_bytes(name, size):
    generator = torch.Generator().manual_seed(3)
    photos = torch.randint(256, (2, 3, *size), dtype=torch.uint8, generator=generator)
    steps = preprocessing(name)
    batch = steps(photos)
    assert batch.shape == (2, 3, steps.crop, steps.crop) and batch.dtype == torch.float32
    torch.testing.assert_close(batch[1], steps(photos[1] / 255))
    assert batch.std() > 0.1


def test_googlenet_sees_images_between_minus_one_and_one():
    white_and_black = torch.stack((torch.ones(3, 256, 256), torch.zeros(3, 256, 256)))
    out = preprocessing("googlenet")(white_and_black)
    torch.testing.assert_close(out[0], torch.ones(3, 224, 224))
    torch.testing.assert_close(out[1], -torch.ones(3, 224, 224))


def test_class_names_in_the_order_of_the_outputs():
    classes = imagenet_classes()
    assert len(classes) == 1000
    assert [classes[i] for i in (0, 207, 281, 999)] == ["tench", "golden retriever", "tabby", "toilet tissue"]
