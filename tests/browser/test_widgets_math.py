"""The widgets' arithmetic against torch, and their looks against cnncourse.display, in Chromium itself."""

import itertools

import pytest
import torch
import torch.nn.functional as F

from cnncourse import display
from cnncourse._numbers import hexadecimal, text, tint
from cnncourse.widgets._explorer import PRESETS

MODES = ("zeros", "reflect", "replicate", "circular")


def cases():
    """Every combination of the settings, on odd, even and oblong images and kernels."""
    generator = torch.Generator().manual_seed(0)
    sizes = [((7, 7), (3, 3)), ((5, 8), (2, 3)), ((6, 4), (1, 5)), ((3, 3), (4, 4))]
    settings = itertools.product((1, 2, 3), (0, 1, 2, 4), MODES, (1, 2), (False, True))
    for (image, kernel), (stride, padding, mode, dilation, flip) in itertools.product(sizes, settings):
        yield {
            "image": torch.randn(image, generator=generator, dtype=torch.float64),
            "kernel": torch.randn(kernel, generator=generator, dtype=torch.float64),
            **{"stride": stride, "padding": padding, "mode": mode, "dilation": dilation, "flip": flip},
        }


def by_torch(case):
    """The output as torch computes it, or None where torch refuses."""
    kernel = case["kernel"].flip(0, 1) if case["flip"] else case["kernel"]
    mode = "constant" if case["mode"] == "zeros" else case["mode"]
    try:
        padded = F.pad(case["image"][None, None], (case["padding"],) * 4, mode=mode)
        return F.conv2d(padded, kernel[None, None], stride=case["stride"], dilation=case["dilation"])[0, 0]
    except RuntimeError:
        return None


def test_convolution_is_torchs(javascript):
    given = list(cases())
    plain = [{k: v.tolist() if torch.is_tensor(v) else v for k, v in case.items()} for case in given]
    found = javascript("_math.js", "it.map((c) => [m.convolve(c), m.problem(c)])", plain)
    refused = 0
    for case, (output, problem) in zip(given, found, strict=True):
        expected = by_torch(case)
        refused += expected is None
        assert (expected is None) == bool(problem), (case, problem)
        if expected is not None:
            torch.testing.assert_close(torch.tensor(output, dtype=torch.float64), expected)
    assert 50 < refused < len(given) / 2, "both kinds of case are there"


def test_dropped_cells_are_those_that_change_nothing(javascript):
    for case in (c for c in cases() if c["stride"] > 1 and c["mode"] == "zeros" and not c["flip"]):
        if by_torch(case) is None:
            continue
        plain = {k: v.tolist() if torch.is_tensor(v) else v for k, v in case.items()}
        rows = javascript("_math.js", "m.geometry(it).rows", plain)
        padded = F.pad(case["image"][None, None], (case["padding"],) * 4).requires_grad_()
        kernel = torch.ones_like(case["kernel"])[None, None]
        F.conv2d(padded, kernel, stride=case["stride"], dilation=case["dilation"]).sum().backward()
        touched = padded.grad[0, 0].any(1).nonzero().max().item() + 1
        assert rows["seen"] == touched and rows["dropped"] == padded.shape[2] - touched


def test_correlation_of_a_photo_is_torchs(javascript):
    generator = torch.Generator().manual_seed(1)
    pixels = torch.randint(0, 256, (3, 11, 14), generator=generator)
    for channel, kernel in itertools.product((-1, 0, 1, 2), ("Sobel", "mean 2×2", "Gaussian 5×5")):
        weights = torch.tensor(PRESETS["kernels"][kernel], dtype=torch.float32)
        asked = [pixels.flatten().tolist(), channel, weights.tolist()]
        expression = (
            "(() => { const x = m.plane(Uint8Array.from(it[0]), [3, 11, 14], it[1]);"
            " const made = m.correlate(x, 11, 14, it[2], 0.25);"
            " return [Array.from(made.map), made.rows, made.columns, m.extent(made.map)]; })()"
        )
        values, rows, columns, extent = javascript("_math.js", expression, asked)
        mixing = torch.tensor([0.2125, 0.7154, 0.0721]) if channel < 0 else torch.eye(3)[channel]
        plane = torch.einsum("c,chw->hw", mixing, pixels / 255)
        expected = F.conv2d(plane[None, None], weights[None, None], torch.tensor([0.25]))[0, 0]
        torch.testing.assert_close(torch.tensor(values).view(rows, columns), expected, atol=1e-5, rtol=1e-5)
        assert extent == pytest.approx([expected.min().item(), expected.max().item()], abs=1e-5)


def test_parameters_are_torchs(javascript):
    for c_in, c_out, k, bias in itertools.product((1, 4, 6, 12), (1, 4, 6), (1, 3), (True, False)):
        groups = [g for g in range(1, 13) if c_in % g == 0 and c_out % g == 0]
        assert javascript("_math.js", "m.possibleGroups(...it)", [c_in, c_out]) == groups
        for g in groups:
            layer = torch.nn.Conv2d(c_in, c_out, k, groups=g, bias=bias, device="meta")
            count = sum(p.numel() for p in layer.parameters())
            assert javascript("_math.js", "m.convParameters(...it)", [c_in, c_out, k, g, bias]) == count


def test_typed_numbers_are_understood(javascript):
    typed = {"0.5": 0.5, "-1": -1, "−1": -1, " 1/4 ": 0.25, "1e-3": 0.001, ".5": 0.5, "-1/-2": 0.5}
    assert javascript("_math.js", "it.map(m.parse)", list(typed)) == pytest.approx(list(typed.values()))
    nonsense = ["", "-", "1/", "1/0", "a", "1/2/3", "Infinity"]
    assert javascript("_math.js", "it.map((t) => Number.isNaN(m.parse(t)))", nonsense) == [True] * len(
        nonsense
    )


NUMBERS = [
    0,
    1,
    -1,
    0.125,
    -1.5,
    1 / 9,
    999.4,
    1234.5,
    99999,
    2.5e6,
    -123456,
    1e-3,
    9.994e-4,
    -2e-5,
    10,
    100,
    1e5,
]


def test_numbers_are_written_as_in_figures(javascript):
    assert javascript("_math.js", "it.map(m.figures)", NUMBERS) == [text(v) for v in NUMBERS]


@pytest.mark.parametrize("role", ["input", "kernel", "output"])
@pytest.mark.parametrize("values", [[[0.0, 0.3], [1.0, 2.0]], [[-2.0, 0.0], [0.4, 1.0]], [[0.0, 0.0]]])
def test_colours_are_those_of_figures(javascript, role, values):
    found = javascript("_draw.js", "it[0].flat().map(m.tint(...it))", [values, role])
    colour = tint(torch.tensor(values).numpy(), role)
    for mine, value in zip(found, [v for row in values for v in row], strict=True):
        theirs = hexadecimal(colour(value))
        expected = [int(theirs[i : i + 2], 16) for i in (1, 3, 5)]
        assert max(abs(a - b) for a, b in zip(mine, expected, strict=True)) <= 1, (value, mine, theirs)


def test_palette_is_the_one_file(javascript):
    assert javascript("_draw.js", "m.palette") == display.PALETTE
