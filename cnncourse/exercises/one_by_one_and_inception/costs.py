"""What a bottleneck saves, in multiplications."""

from .._kinds import exercise, value


@exercise(
    level=2,
    minutes=10,
    lines=4,
    hints=(
        "How many multiplications does a single output value of the straight convolution take? How many "
        "output values are there?",
        "One value takes kernel_size² · channels of them, and there are side² · maps values. With the "
        "bottleneck, the second convolution reads `bottleneck` channels, which a 1×1 convolution has made.",
        "`places = side**2`; straight `places * maps * kernel_size**2 * channels`; with the bottleneck "
        "`places * bottleneck * channels + places * maps * kernel_size**2 * bottleneck`.",
    ),
    why="The price of the small 1×1 is paid once; the large kernel then reads few channels.",
)
def bottleneck_cost(side, channels, kernel_size, maps, bottleneck):
    """Multiplications of a convolution, straight and with a bottleneck: two whole numbers.

    The input has `channels` channels of side × side, and every convolution keeps the size. Straight: one
    convolution of kernel_size × kernel_size makes `maps` maps. With the bottleneck: a 1×1 convolution makes
    `bottleneck` maps first, and the large convolution reads those. Biases and ReLU multiply nothing.
    """
    places = side**2
    straight = places * maps * kernel_size**2 * channels
    squeeze = places * bottleneck * channels
    return straight, squeeze + places * maps * kernel_size**2 * bottleneck


@bottleneck_cost.examples
def _(draw):
    yield 2, 3, 3, 5, 2
    yield 28, 192, 5, 32, 16
    yield 14, 480, 3, 208, 96
    yield draw.integer(3, 9), draw.integer(5, 20), 7, draw.integer(3, 9), draw.integer(2, 5)


def _cost(straight=None, reduced=None):
    """A mistake from one of the two numbers, or both."""

    def wrong(side, channels, kernel_size, maps, bottleneck):
        right = bottleneck_cost.reference(side, channels, kernel_size, maps, bottleneck)
        made = [f and f(side, channels, kernel_size, maps, bottleneck) for f in (straight, reduced)]
        return tuple(old if new is None else new for new, old in zip(made, right, strict=True))

    return wrong


bottleneck_cost.mistake(
    "Those are the weights. Each is used at every place: multiply by side · side, the number of places."
)(_cost(lambda s, c, k, m, b: m * k * k * c, lambda s, c, k, m, b: b * c + m * k * k * b))
bottleneck_cost.mistake("The 1×1 convolution is not free: side² · channels · bottleneck come on top.")(
    _cost(reduced=lambda s, c, k, m, b: s * s * m * k * k * b)
)
bottleneck_cost.mistake(
    "After the bottleneck the large convolution reads only `bottleneck` channels, and no longer `channels`."
)(_cost(reduced=lambda s, c, k, m, b: s * s * (b * c + m * k * k * c)))
bottleneck_cost.mistake("A kernel has kernel_size² weights a channel, not kernel_size.")(
    _cost(lambda s, c, k, m, b: s * s * m * k * c, lambda s, c, k, m, b: s * s * (b * c + m * k * b))
)
bottleneck_cost.mistake("The picture has side² places, not side.")(
    _cost(lambda s, c, k, m, b: s * m * k * k * c, lambda s, c, k, m, b: s * (b * c + m * k * k * b))
)
bottleneck_cost.mistake(
    "A filter is as deep as its input: each value takes kernel_size² · channels products."
)(_cost(lambda s, c, k, m, b: s * s * m * k * k, lambda s, c, k, m, b: s * s * (b + m * k * k)))
bottleneck_cost.mistake("Every convolution keeps the size: each has side² output values for each map.")(
    _cost(
        lambda s, c, k, m, b: (s - k + 1) ** 2 * m * k * k * c,
        lambda s, c, k, m, b: s * s * b * c + (s - k + 1) ** 2 * m * k * k * b,
    )
)
bottleneck_cost.mistake("The other way round: first the straight cost, then that with the bottleneck.")(
    lambda *numbers: bottleneck_cost.reference(*numbers)[::-1]
)
bottleneck_cost.mistake("One after the other: the two costs are added, not multiplied.")(
    _cost(reduced=lambda s, c, k, m, b: s * s * b * c * s * s * m * k * k * b)
)
bottleneck_cost.mistake("Only multiplications are asked for: a bias is added, and multiplies nothing.")(
    _cost(
        lambda s, c, k, m, b: s * s * m * (k * k * c + 1),
        lambda s, c, k, m, b: s * s * (b * (c + 1) + m * (k * k * b + 1)),
    )
)
bottleneck_cost.mistake("The first convolution of the bottleneck is 1×1: it has one weight a channel.")(
    _cost(reduced=lambda s, c, k, m, b: s * s * k * k * (b * c + m * b))
)


@bottleneck_cost.alternative
def by_layers(side, channels, kernel_size, maps, bottleneck):
    from cnncourse.arithmetic import conv_macs

    squeeze = conv_macs(channels, bottleneck, 1, side)
    return conv_macs(channels, maps, kernel_size, side), squeeze + conv_macs(
        bottleneck, maps, kernel_size, side
    )


widest_bottleneck = value(
    lambda: max(width for width in range(1, 193) if width * (192 + 25 * 32) < 25 * 192 * 32),
    level=2,
    minutes=6,
    right="Right: a bottleneck of r costs r · (192 + 25 · 32) = 992 r for each place, and the straight way "
    "153,600. At 154 it still saves a little.",
    hints=(
        "The places cancel. What does one place cost the straight way, and what with a bottleneck of r?",
        "25 · 192 · 32 = 153,600 against r · 192 + 25 · r · 32 = 992 · r.",
    ),
    why="992 · 154 = 152,768 is less than 153,600; 992 · 155 = 153,760 is more.",
    wrong={
        155: "155 costs 153,760 a place, and the straight way 153,600: a little too wide.",
        153: "153 saves, and so does one more.",
        154.84: "A number of channels is whole: round, and think about which way.",
        192: "A bottleneck as wide as the input makes the large convolution no cheaper, and the 1×1 comes "
        "on top.",
        191: "The large convolution is then cheaper by one channel; but the 1×1 comes on top.",
        16: "That is the width in the paper. How wide could it be?",
        32: "That is the number of maps that come out.",
        800: "25 · 32 is what each channel of the bottleneck costs afterwards; it is no width.",
        992: "That is what each channel of the bottleneck costs at one place. How many fit into 153,600?",
    },
)
