"""The Python side of the widgets: what they take, what they say, what they sync."""

import re
import subprocess
import sys

import ipywidgets
import numpy as np
import pytest
import torch
import torch.nn.functional as F
import traitlets
from sklearn.datasets import load_digits

from cnncourse import widgets
from cnncourse.widgets import ChannelMixer, ConvStepper, CostLab, KernelLab, ModelAtlas, ReceptiveField
from cnncourse.widgets._explorer import PRESETS, Explorer

EVERY = [getattr(widgets, name) for name in widgets.__all__]
ALL = [widget for widget in EVERY if issubclass(widget, Explorer)]  # the others compute in the kernel
PICTURE = {  # what drawing needs beside the state
    KernelLab: {"pixels", "shape"},
    ConvStepper: {"controls"},
    ReceptiveField: {"map", "fields", "gradient", "gradient_unit"},
    ModelAtlas: {"atlas", "pixels"},
    CostLab: {"presets", "released"},
}


@pytest.mark.parametrize("widget", ALL)
def test_only_learner_state_is_synced(widget):
    standard = set(ipywidgets.DOMWidget.class_trait_names(sync=True))
    own = {name for name in widget().get_state() if not name.startswith("_")} - standard
    assert own == set(widget.STATE) | PICTURE.get(widget, set())


@pytest.mark.parametrize("widget", EVERY)
def test_every_widget_shows_itself_in_words(widget):
    """A notebook's text output stays the same from run to run."""
    assert repr(widget()) == repr(widget()) and not re.search(r"0x[0-9a-f]{6}", repr(widget()))


@pytest.mark.parametrize("widget", ALL)
def test_repr_is_the_same_in_every_run(widget):
    assert repr(widget()) == repr(widget())
    assert not re.search(r"0x[0-9a-f]{6}", repr(widget()))
    assert repr(widget()).startswith(f"{widget.__name__}({widget.STATE[0]}=")


@pytest.mark.parametrize("widget", ALL)
def test_modules_are_self_contained(widget):
    assert "export default" in widget._esm
    assert not re.search(r"""^(import|export)\b[^;]*["']\.""", widget._esm, re.MULTILINE)
    assert not re.search(r"https?://", widget._esm + widget._css), "nothing comes from a network"


def test_repr_names_presets_and_sizes():
    said = repr(ConvStepper(image="dot", kernel=[[1, 2]], flip=True))
    assert said == (
        "ConvStepper(image='dot', kernel=<1×2>, stride=1, padding=0, mode='zeros', dilation=1, flip=True, "
        "cell=[0, 0])"
    )


def test_arrays_and_tensors_are_taken():
    array = np.arange(12.0).reshape(3, 4)
    assert ConvStepper(image=array).image == ConvStepper(image=torch.tensor(array)).image == array.tolist()


def test_editing_one_widget_leaves_the_presets_alone():
    ConvStepper().kernel[0][0] = 99.0
    assert ConvStepper().kernel == PRESETS["kernels"]["vertical edge"]


def test_the_digit_is_a_real_one():
    assert PRESETS["images"]["digit"] == load_digits().images[12].tolist()


@pytest.mark.parametrize("name", PRESETS["kernels"])
def test_every_preset_kernel_can_be_drawn(name):
    kernel = np.array(ConvStepper(kernel=name).kernel)
    assert kernel.ndim == 2 and np.isfinite(kernel).all()
    assert kernel.sum() == pytest.approx(0) or kernel.sum() > 0


def test_out_of_range_state_is_clamped():
    w = ConvStepper(stride=9, padding=-3, dilation=2.0, cell=[50, -1])
    assert (w.stride, w.padding, w.dilation) == (4, 0, 2)
    w = ConvStepper(cell=[50, -1])
    assert w.cell == [4, 0]
    w.stride = 2
    assert w.output_size == (3, 3) and w.cell == [2, 0]


def test_clamped_state_is_sent_back_to_the_picture(monkeypatch):
    sent = []
    w = ConvStepper()
    monkeypatch.setattr(w, "_send", lambda message, **_: sent.append(message.get("state", {})))
    w.set_state({"cell": [70, 2]})
    assert w.cell == [4, 2]
    assert {"cell": [4, 2]} in sent


@pytest.mark.parametrize("n", [5, 6, 9])
@pytest.mark.parametrize("kernel", [(1, 1), (2, 3), (5, 4)])
@pytest.mark.parametrize("stride, padding, dilation", [(1, 0, 1), (2, 1, 1), (3, 4, 2), (2, 3, 3)])
def test_output_size_is_torchs(n, kernel, stride, padding, dilation):
    w = ConvStepper(
        image=np.ones((n, n + 2)), kernel=np.ones(kernel), stride=stride, padding=padding, dilation=dilation
    )
    x, k = torch.ones(1, 1, n, n + 2), torch.ones(1, 1, *kernel)
    try:
        expected = F.conv2d(x, k, stride=stride, padding=padding, dilation=dilation).shape[-2:]
    except RuntimeError:
        assert min(w.output_size) <= 0
    else:
        assert w.output_size == tuple(expected)


WRONG = [
    (ConvStepper, {"paddng": 1}, TypeError, "Did you mean 'padding'"),
    (ConvStepper, {"image": "dott"}, traitlets.TraitError, "no image called 'dott'; choose from: dot, edge"),
    (ConvStepper, {"kernel": [[1], [2, 3]]}, traitlets.TraitError, "rows of one length"),
    (ConvStepper, {"kernel": 3}, traitlets.TraitError, "2-D array, or one of"),
    (ConvStepper, {"image": [[1.0, float("nan")]]}, traitlets.TraitError, "not a finite number"),
    (ConvStepper, {"image": np.ones((28, 28))}, traitlets.TraitError, "28×28.*KernelLab"),
    (ConvStepper, {"stride": 1.5}, traitlets.TraitError, "stride must be a whole number, not 1.5"),
    (ConvStepper, {"mode": "same"}, traitlets.TraitError, "mode"),
    (ConvStepper, {"controls": ("strides",)}, traitlets.TraitError, "controls"),
    (KernelLab, {"image": "nobody"}, ValueError, "nobody"),
    (KernelLab, {"image": np.ones((2, 20, 20))}, ValueError, r"\(H, W\), \(3, H, W\)"),
    (KernelLab, {"image": np.full((20, 20), 3.0)}, ValueError, "lies in .0, 1.; this one runs from 3 to 3"),
    (KernelLab, {"image": np.ones((4, 4))}, ValueError, "ConvStepper"),
    (KernelLab, {"bias": float("inf")}, traitlets.TraitError, "bias must be a finite number"),
    (ChannelMixer, {"groups": "two"}, traitlets.TraitError, "groups must be a whole number"),
]


@pytest.mark.parametrize("widget, options, error, message", WRONG)
def test_wrong_options_are_told_apart(widget, options, error, message):
    with pytest.raises(error, match=message):
        widget(**options)


def test_a_widget_without_its_module_says_so():
    with pytest.raises(ImportError, match=r"no test_state\.js"):
        type("Lonely", (Explorer,), {"__module__": __name__})


def test_photo_is_sent_as_bytes_once():
    w = KernelLab("astronaut")
    assert w.shape == [3, 256, 256] and len(w.pixels) == 3 * 256 * 256
    assert w.image.max() <= 1 and w.image.std() > 0.1


def test_own_image_layouts_agree():
    rng = np.random.default_rng(0)
    planes = rng.integers(0, 256, (3, 20, 31), dtype=np.uint8)
    expected = KernelLab(planes)
    assert np.array_equal(np.round(expected.image * 255), planes)
    assert KernelLab(np.moveaxis(planes, 0, 2)).pixels == expected.pixels
    assert KernelLab(torch.from_numpy(planes / 255)).pixels == expected.pixels
    assert KernelLab(planes[0]).shape == [1, 20, 31]


def test_large_images_are_averaged_down():
    big = np.zeros((500, 300))
    big[::2] = 1  # blocks of 2×2 average to one half
    w = KernelLab(big)
    assert w.shape == [1, 250, 150]
    assert set(np.frombuffer(w.pixels, np.uint8)) == {128}


def test_lab_cell_stays_on_the_map():
    w = KernelLab(np.zeros((20, 30)), cell=[90, 90])
    assert w.cell == [17, 27]
    w.kernel = "blur 5×5"
    assert w.cell == [15, 25]


@pytest.mark.parametrize(
    "c_in, c_out, k, groups", [(1, 32, 3, 1), (32, 64, 3, 1), (8, 8, 5, 8), (6, 4, 1, 2)]
)
@pytest.mark.parametrize("bias", [True, False])
def test_mixer_counts_as_torch_does(c_in, c_out, k, groups, bias):
    layer = torch.nn.Conv2d(c_in, c_out, k, groups=groups, bias=bias)
    mixer = ChannelMixer(in_channels=c_in, out_channels=c_out, kernel_size=k, groups=groups, bias=bias)
    assert mixer.parameters == sum(p.numel() for p in layer.parameters())


def test_mixer_with_impossible_groups_has_no_count():
    assert ChannelMixer(in_channels=6, out_channels=4, groups=3).parameters is None
    mixer = ChannelMixer(out_channels=4, filter=9)
    assert mixer.filter == 3
    mixer.out_channels = 2
    assert mixer.filter == 1


def test_widgets_are_loaded_when_used():
    code = "import sys, cnncourse.widgets; print('anywidget' in sys.modules, 'torch' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.split() == ["False", "False"]
