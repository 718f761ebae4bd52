"""The table of layers against torch's counters, gradients, and networks that are hard to look into."""

import dataclasses

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from cnncourse import models
from cnncourse.arithmetic import ReceptiveField
from cnncourse.inspection import inspect_model

DEVICES = ["cpu", "meta"]
DEVICES += ["cuda"] * torch.cuda.is_available() + ["mps"] * torch.backends.mps.is_available()

ONE_OF_EACH = [
    "lenet5", "lenet5_1998", "alexnet_2012", "vgg_a", "nin", "googlenet_2014", "resnet18", "resnet50_v1",
    "resnet20_cifar", "se_resnet50", "densenet121", "dpn68", "efficientnet_b0", "deform_resnet18",
]  # fmt: skip


class Own(nn.Module):
    """A learner's module: parameters of its own, functional operations, a shared layer, branches."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.rand(4, 3, 3, 3) + 0.5)
        self.shared = nn.Conv2d(8, 8, 3, padding=1)
        self.narrow, self.wide = nn.Conv2d(4, 4, 1), nn.Conv2d(4, 4, 5, padding=2)
        self.head = nn.Linear(8, 10)
        self.unused = nn.Linear(8, 3)

    def maps(self, x):
        x = F.relu(F.conv2d(F.pad(x, (1, 1, 1, 1)), self.weight, stride=2))  # (N, 4, H/2, W/2)
        x = torch.cat((self.narrow(x), self.wide(x)), 1)  # (N, 8, H/2, W/2)
        x = x + self.shared(self.shared(x))
        return F.avg_pool2d(x, 2)[:, :, 1::2]  # (N, 8, H/8, W/4)

    def forward(self, x):
        return self.head(self.maps(x).mean((2, 3)))


def rows(table):
    return {layer.name: layer for layer in table}


@pytest.mark.parametrize("name", ONE_OF_EACH)
def test_totals_are_the_card_and_torchs(name):
    """On the meta device: parameters by numel, multiply-adds as the card has them from torch's counter."""
    card = models.CARDS[name]
    with torch.device("meta"):
        network = models.build(name)
    table = inspect_model(network, card.input)
    assert table.parameters == table.trainable == sum(p.numel() for p in network.parameters())
    assert table.macs == card.macs and table.flops == 2 * card.macs
    assert table.weights == 4 * table.parameters


def test_every_row_of_a_learners_own_module():
    torch.manual_seed(0)
    table = inspect_model(Own(), (3, 16, 16))
    row = rows(table)
    assert [layer.name for layer in table] == ["narrow", "wide", "shared", "shared", "head", "Own", "unused"]
    own, first, second = row["Own"], *(layer for layer in table if layer.name == "shared")
    assert (own.parameters, own.macs) == (4 * 3 * 9, 4 * 3 * 9 * 64)  # F.conv2d with weights of its own
    assert own.output == (1, 10) and own.kind == "Own"
    # pad 3·18·18, conv 4·64, relu 4·64, cat 8·64, sum 8·64, pooling 8·16, mean 8: four bytes each
    assert own.memory == 4 * (972 + 256 + 256 + 512 + 512 + 128 + 8)
    assert (first.parameters, second.parameters) == (8 * 8 * 9 + 8, 0)  # shared: counted once, run twice
    assert first.macs == second.macs == 8 * 8 * 9 * 64
    assert row["unused"].output is None and row["unused"].parameters == 27
    assert row["head"].field == "all"


def test_receptive_fields_are_where_the_gradient_is():
    """Positive weights in double precision; a unit well inside a picture of 64 pixels."""
    torch.manual_seed(1)
    network = Own().double()
    for parameter in network.parameters():
        nn.init.uniform_(parameter, 0.5, 1.5)

    class Maps(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner, self.probe = network, nn.Identity()

        def forward(self, x):
            return self.probe(self.inner.maps(x))

    field = rows(inspect_model(Maps(), (3, 64, 64)))["probe"].field
    image = torch.ones(1, 3, 64, 64, dtype=torch.float64, requires_grad=True)
    network.maps(image)[0, :, 4, 7].sum().backward()
    seen = torch.nonzero(image.grad[0].sum(0))
    for axis, unit in enumerate((4, 7)):
        size, jump, start = (v[axis] if isinstance(v, tuple) else v for v in field)
        first, last = ReceptiveField(size, jump, start).pixels(unit)
        assert first > 0 and last < 63
        assert (int(seen[:, axis].min()), int(seen[:, axis].max())) == (first, last)


@pytest.mark.parametrize(
    ("layer", "size"),
    [
        (nn.Conv2d(3, 4, (3, 5), padding=(1, 2)), (3, 5)),
        (nn.Conv2d(3, 4, 3, dilation=2), 5),
        (nn.MaxPool2d(3, dilation=2, stride=1), 5),
        (nn.AvgPool2d(3, ceil_mode=True), 3),
        (nn.AdaptiveAvgPool2d(4), 2),
        (nn.AdaptiveAvgPool2d(1), "all"),
        (nn.LocalResponseNorm(5), 1),
        (nn.BatchNorm2d(3), 1),
        (nn.ReflectionPad2d(1), 1),
        (nn.ChannelShuffle(3), 1),
        (nn.Flatten(), None),
        (nn.AdaptiveAvgPool2d(3), None),  # windows of unequal size
        (nn.ConvTranspose2d(3, 4, 2, 2), None),
        (nn.Upsample(scale_factor=2), None),
        (nn.GroupNorm(1, 3), None),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, nn.Module) else str(value),
)
def test_receptive_field_of_single_layers(layer, size):
    field = inspect_model(layer, (3, 8, 8)).layers[0].field
    assert (field.size if isinstance(field, ReceptiveField) else field) == size


def test_memory_counts_what_is_written():
    maps = 4 * 8 * 8 * 4  # bytes of four channels
    table = inspect_model(nn.Sequential(nn.Conv2d(3, 4, 1), nn.ReLU(inplace=True), nn.ReLU()), (3, 8, 8))
    assert [layer.memory for layer in table] == [maps, 0, maps] and table.memory == 2 * maps
    assert inspect_model(nn.Flatten(), (3, 8, 8)).memory == 0
    assert inspect_model(nn.Conv2d(3, 4, 1), (5, 3, 8, 8)).memory == 5 * maps


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16, torch.float64])
def test_devices_and_precisions(device, dtype):
    """Every count is that of float32 on the CPU, and bytes are as wide as the numbers."""
    if (device, dtype) == ("mps", torch.float64):
        return  # Apple's GPUs have no double precision, and torch refuses it
    plain = inspect_model(Own(), (3, 16, 16))
    table = inspect_model(Own().to(device, dtype), (3, 16, 16))
    wide = torch.finfo(dtype).bits // 8
    assert (table.memory, table.weights) == (plain.memory // 4 * wide, plain.weights // 4 * wide)
    for layer, other in zip(table, plain, strict=True):
        same = {"memory": other.memory, "weights": other.weights}
        assert dataclasses.replace(layer, **same) == other


def test_meta_holds_no_memory():
    with torch.device("meta"):
        network = models.build("vgg_d")
    assert inspect_model(network, (3, 224, 224)).parameters == 138_357_544
    assert all(p.is_meta for p in network.parameters())


def test_several_inputs_tensors_and_sizes():
    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            self.embed, self.conv = nn.Embedding(10, 4), nn.Conv2d(3, 4, 3)

        def forward(self, image, label):
            return self.conv(image) + self.embed(label)[:, :, None, None]

    table = inspect_model(Two(), (2, 3, 8, 8), torch.tensor([1, 9]))
    assert table.inputs == ((2, 3, 8, 8), (2,))
    assert rows(table)["conv"].output == (2, 4, 6, 6) and rows(table)["embed"].parameters == 40
    assert inspect_model(nn.Linear(7, 2), (7,)).inputs == ((1, 7),)


def test_the_model_is_left_as_it_was():
    """Mixed modes (a frozen batch norm), running statistics, gradients, hooks and the random state."""
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Dropout())
    network[1].eval()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    state = torch.random.get_rng_state()
    inspect_model(network, (3, 8, 8))
    assert [m.training for m in network.modules()] == [True, True, False, True]
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert all(p.grad is None and p.requires_grad for p in network.parameters())
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in network.modules())
    assert torch.equal(torch.random.get_rng_state(), state)


def test_frozen_parameters_are_told_apart():
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Conv2d(4, 5, 1))
    network[0].requires_grad_(False)
    table = inspect_model(network, (3, 8, 8))
    assert (table.trainable, table.parameters) == (25, 137)
    assert "25 of 137 parameters are trainable" in table.caption


# --- failures --------------------------------------------------------------------------------------


def test_a_failing_layer_is_named_with_its_shapes():
    network = nn.Sequential(nn.Conv2d(3, 16, 3), nn.Sequential(nn.ReLU(), nn.Conv2d(8, 4, 3)))
    network[1].eval()
    with pytest.raises(RuntimeError) as caught:
        inspect_model(network, (3, 8, 8))
    message = str(caught.value)
    for words in ("1.1, Conv2d(8, 4", "an input of shape 1×16×6×6", "1.0, gave 1×16×6×6", "than 1×3×8×8"):
        assert words in message
    assert [m.training for m in network.modules()] == [True, True, False, False, False]
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in network.modules())


def test_a_failing_forward_is_told_from_its_layers():
    class Adds(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(3, 3, 3)

        def forward(self, x):
            return x + self.conv(x)

    with pytest.raises(RuntimeError, match=r"0, an? Adds, failed .* 1×3×8×8: The size of tensor a \(8\)"):
        inspect_model(nn.Sequential(Adds()), (3, 8, 8))
    with pytest.raises(TypeError, match=r"inspect_model\(model, \(3, 224, 224\)\)"):
        inspect_model(Adds())


# --- pictures --------------------------------------------------------------------------------------


def test_text_and_html_show_the_same_numbers():
    torch.manual_seed(2)
    table = inspect_model(models.build("lenet5"), (1, 32, 32))
    for picture in (repr(table), table._repr_html_()):
        for words in ("LeNet5 on 1×1×32×32", "61,706", "416,520", "833,040 FLOPs", "Conv2d", "1×6×28×28"):
            assert words in picture
        assert f"{table.torchinfo_mult_adds:,}" in picture
    assert table._repr_html_().count("<tr>") == len(table) + 2
    assert max(map(len, repr(table).splitlines())) <= 118


def test_html_escapes_names():
    class Odd(nn.Module):
        def forward(self, x):
            return x * 2

    Odd.__name__ = "<b>&"
    assert "<b>" not in inspect_model(Odd(), (3, 4, 4))._repr_html_()


def test_torchinfos_mult_adds_differ_by_biases_and_batch_norm():
    """27·4 weights at 36 positions are 27·4·36 products; torchinfo adds 4·36 biases, and 8 for batch norm."""
    table = inspect_model(nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)), (3, 8, 8))
    with FlopCounterMode(display=False) as counter:
        nn.Conv2d(3, 4, 3)(torch.zeros(1, 3, 8, 8))
    assert table.macs == 27 * 4 * 36 == counter.get_total_flops() // 2
    assert table.torchinfo_mult_adds == table.macs + 4 * 36 + 8


def test_rows_are_plain_records():
    record = dataclasses.asdict(inspect_model(nn.Linear(3, 2), (3,)).layers[0])
    assert record == {"name": "Linear", "kind": "Linear", "output": (1, 2), "parameters": 8, "trainable": 8,
                      "macs": 6, "field": "all", "weights": 32, "memory": 8}  # fmt: skip
