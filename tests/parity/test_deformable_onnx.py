"""Deformable convolution against onnx's reference evaluator: DeformConv, opset 19, in numpy.

It reads its input by GridSample, which rounds to single precision on the way: hence 2e-6.
"""

import numpy as np
import pytest
import torch
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

from cnncourse.models.deformable import deform_conv2d

CASES = [  # images, weights, offset groups, options
    ((1, 1, 4, 5), (1, 1, 3, 3), 1, {"padding": 1}),
    ((2, 4, 6, 5), (6, 2, 3, 2), 2, {"stride": (2, 1), "padding": (1, 2), "dilation": (1, 2)}),
    ((1, 6, 5, 7), (3, 2, 2, 3), 3, {"stride": 2, "padding": 2, "dilation": 2}),
    ((2, 2, 4, 4), (3, 2, 1, 1), 1, {}),
]


def reference(x, offset, weight, bias, mask, groups, offset_groups, options):
    pairs = {name: value if isinstance(value, tuple) else (value, value) for name, value in options.items()}
    node = helper.make_node(
        "DeformConv",
        ["x", "weight", "offset", "bias", "mask"],
        ["y"],
        strides=pairs.get("stride", (1, 1)),
        dilations=pairs.get("dilation", (1, 1)),
        pads=2 * pairs.get("padding", (0, 0)),
        group=groups,
        offset_group=offset_groups,
    )
    given = {"x": x, "weight": weight, "offset": offset, "bias": bias, "mask": mask}
    kind = TensorProto.DOUBLE
    inputs = [helper.make_tensor_value_info(name, kind, array.shape) for name, array in given.items()]
    graph = helper.make_graph([node], "deform", inputs, [helper.make_tensor_value_info("y", kind, None)])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 19)])
    (y,) = ReferenceEvaluator(model).run(None, given)
    return y


def draw(shape, kernel, offset_groups, options, seed, scale):
    rng = np.random.default_rng(seed)
    x, weight, bias = rng.normal(size=shape), rng.normal(size=kernel), rng.normal(size=kernel[0])
    size = torch.nn.functional.conv2d(torch.tensor(x[:, : kernel[1]]), torch.tensor(weight), **options).shape[
        2:
    ]
    taps = offset_groups * kernel[2] * kernel[3]
    offset = rng.normal(scale=scale, size=(shape[0], 2 * taps, *size))
    return x, offset, weight, bias, rng.uniform(size=(shape[0], taps, *size))


@pytest.mark.parametrize("scale", [0.0, 0.7, 4.0], ids=["rigid", "near", "over the edge"])
@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize(("shape", "kernel", "offset_groups", "options"), CASES)
def test_forward(shape, kernel, offset_groups, options, seed, scale):
    """Equal to what onnx rounds away; offsets of about 4 pixels carry most taps over the border."""
    arrays = draw(shape, kernel, offset_groups, options, seed, scale)
    ours = deform_conv2d(*map(torch.tensor, arrays), **options)
    theirs = reference(*arrays, shape[1] // kernel[1], offset_groups, options)
    np.testing.assert_allclose(ours.numpy(), theirs, rtol=0, atol=2e-6)
    single = deform_conv2d(*(torch.tensor(array, dtype=torch.float32) for array in arrays), **options)
    np.testing.assert_allclose(single.numpy(), theirs, rtol=0, atol=2e-5)


@pytest.mark.parametrize("argument", range(5), ids=["x", "offset", "weight", "bias", "mask"])
def test_gradient_is_the_slope_of_the_reference(argument):
    """Along a random direction, autograd of ours against a central difference of onnx's numbers.

    No tap crosses a pixel on the way, so the output is at most quadratic in the step, the difference exact:
    a large step (0.05) drowns onnx's rounding, to 1e-4 of a slope of about 10.
    """
    shape, kernel, offset_groups, options = CASES[1]
    arrays = draw(shape, kernel, offset_groups, options, seed=7, scale=0.7)
    rng = np.random.default_rng(8)
    arrays[1][:] = np.floor(arrays[1]) + rng.uniform(0.1, 0.9, arrays[1].shape)
    inputs = [torch.tensor(array, requires_grad=True) for array in arrays]
    out = deform_conv2d(*inputs, **options)
    weighing, direction = rng.normal(size=out.shape), rng.uniform(-1, 1, arrays[argument].shape)
    (gradient,) = torch.autograd.grad((out * torch.tensor(weighing)).sum(), inputs[argument])

    def value(step):
        moved = [a + step * direction if i == argument else a for i, a in enumerate(arrays)]
        return (reference(*moved, shape[1] // kernel[1], offset_groups, options) * weighing).sum()

    slope = (value(0.05) - value(-0.05)) / 0.1
    assert abs(slope) > 1
    assert (gradient.numpy() * direction).sum() == pytest.approx(slope, rel=1e-4)
