import base64
import html
import io
import json
import re
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from cnncourse import _curves, _numbers, _picture, _tiles, data, display
from cnncourse.training import History

PACKAGE = Path(display.__file__).parent


def pixels(picture):
    """What is drawn, as (H, W, 3)."""
    return np.asarray(Image.open(io.BytesIO(picture.png())).convert("RGB"))


def image_axes(picture):
    """The axes that show a picture, without colour bars."""
    return [axes for axes in picture.figure.axes if axes.images]


def history(epochs=3, validation=True):
    falling = [1 / (k + 1) for k in range(epochs)]
    rising = [1 - loss / 2 for loss in falling]
    made = History(loss=falling, accuracy=rising, learning_rate=[0.1] * epochs, seconds=falling[::-1])
    if validation:
        made.validation_loss, made.validation_accuracy = [x * 1.1 for x in falling], [x * 0.9 for x in rising]
    return made


EVERY = {
    "images": lambda: display.show_images(data.digits(8).test.images[:10], titles=range(10)),
    "colour": lambda: display.show_images(data.photo("chelsea", 60), role="input"),
    "filters": lambda: display.show_filters(torch.randn(4, 2, 3, 3)),
    "maps": lambda: display.show_maps(torch.randn(5, 6, 7)),
    "array": lambda: display.show_array(torch.randn(3, 4), "output", mark=(1, 2), title="z"),
    "curves": lambda: display.show_curves(history()),
}


# --- one palette


def test_palette_is_the_file_and_nothing_else_names_its_colours():
    """The roles' colours stand in palette.json only."""
    assert json.loads((PACKAGE / "palette.json").read_text()) == display.PALETTE
    own = {c.lower() for c in [*display.PALETTE["signed"], *(display.PALETTE[r] for r in _numbers.ROLES)]}
    for path in PACKAGE.glob("*.py"):
        named = {c.lower() for c in re.findall(r"#[0-9a-fA-F]{6}\b", path.read_text())}
        assert not named & own, f"{path.name} repeats {named & own}: use PALETTE"


def _seen_without(cone, colour):
    """How a colour looks to a person without one kind of cone (Viénot, Brettel and Mollon 1999)."""
    rgb = np.array(_numbers.rgb(colour))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    to_lms = np.array(
        [[17.8824, 43.5161, 4.11935], [3.45565, 27.1554, 3.86714], [0.0299566, 0.184309, 1.46709]]
    )
    lms = to_lms @ linear
    if cone == "L":
        lms[0] = 2.02344 * lms[1] - 2.52581 * lms[2]
    if cone == "M":
        lms[1] = 0.494207 * lms[0] + 1.24827 * lms[2]
    return _lab(np.linalg.solve(to_lms, lms).clip(0, 1))


def _lab(linear):
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) @ linear
    ratio = xyz / (0.9505, 1, 1.089)
    f = np.where(ratio > 216 / 24389, np.cbrt(ratio), (24389 / 27 * ratio + 16) / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("cone", [None, "L", "M"])
def test_roles_can_be_told_apart_by_everybody(cone):
    """Input, kernel and output differ by far more than the just noticeable 2.3, also to the colour-blind."""
    seen = [_seen_without(cone, display.PALETTE[role]) for role in ("input", "kernel", "output")]
    gaps = [np.linalg.norm(a - b) for k, a in enumerate(seen) for b in seen[:k]]
    assert min(gaps) > 20, gaps


@pytest.mark.parametrize("cone", [None, "L", "M"])
def test_signed_map_darkens_evenly_to_both_sides(cone):
    light = [_seen_without(cone, colour)[0] for colour in display.PALETTE["signed"]]
    assert light[:6] == sorted(light[:6]) and light[5:] == sorted(light[5:], reverse=True)
    assert light[5] > 95
    ends = [_seen_without(cone, display.PALETTE["signed"][k]) for k in (2, -3)]
    assert np.linalg.norm(ends[0] - ends[1]) > 40


# --- pictures


@pytest.mark.parametrize("name", EVERY)
def test_every_picture_has_words_and_a_white_card(name):
    picture = EVERY[name]()
    bundle = picture._repr_mimebundle_()
    shown = re.search(r'<img alt="([^"]+)" width="(\d+)"', bundle["text/html"])
    assert html.unescape(shown[1]) == picture.alt and len(picture.alt) > 20
    assert picture.alt in bundle["text/plain"]
    assert int(shown[2]) <= 960
    image = Image.open(io.BytesIO(base64.b64decode(bundle["text/html"].split("base64,")[1].split('"')[0])))
    assert abs(image.width - 2 * int(shown[2])) <= 2  # drawn twice as fine
    drawn = np.asarray(image.convert("RGB"))
    # Nothing is cut off at the edges, and something is drawn.
    for edge in (drawn[0], drawn[-1], drawn[:, 0], drawn[:, -1]):
        assert (edge == 255).all()
    assert drawn.std() > 5


def test_no_picture_touches_pyplot():
    import subprocess
    import sys

    code = "import sys, torch; from cnncourse import display; display.show_maps(torch.rand(2,3,3)).png()"
    code += "; assert 'matplotlib.pyplot' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=PACKAGE.parent)


def test_alt_text_is_escaped_and_can_be_given():
    picture = display.show_images(torch.rand(4, 4), alt='a "quoted" <b>picture</b>')
    assert 'alt="a &quot;quoted&quot; &lt;b&gt;picture&lt;/b&gt;"' in picture._repr_mimebundle_()["text/html"]
    assert display.show_maps(torch.rand(1, 2, 2), alt="mine").alt == "mine"
    assert display.show_array([1, 2], alt="mine").alt == "mine"
    assert display.show_curves(history(), alt="mine").alt == "mine"
    assert display.show_filters(torch.rand(1, 1, 2, 2), alt="mine").alt == "mine"


def test_alt_text_of_images_says_what_is_there():
    images = torch.zeros(10, 1, 5, 7)
    images[3, 0, 0, 0] = 0.5
    alt = display.show_images(images, titles=torch.arange(10)).alt
    assert alt == (
        "10 grey pictures in 2 rows of 5, 5 × 7 pixels, values 0 to 0.5."
        " Titles: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9."
    )
    assert display.show_images(-images).alt.startswith("10 signed pictures")
    assert display.show_images(torch.rand(3, 8, 8)).alt.startswith("A colour picture, 8 × 8 pixels")


@pytest.mark.parametrize(
    ("shape", "count"),
    [((5, 6), 1), ((1, 5, 6), 1), ((3, 5, 6), 1), ((4, 5, 6), 4), ((3, 1, 5, 6), 3), ((2, 3, 5, 6), 2)],
)
def test_images_take_every_usual_shape(shape, count):
    images = torch.rand(shape)
    assert len(image_axes(display.show_images(images))) == count
    assert len(image_axes(display.show_images(images.numpy()))) == count
    assert len(image_axes(display.show_images(images.requires_grad_()))) == count


def test_images_keep_their_numbers_on_one_scale():
    images = torch.tensor([[[0.0, 0.2]], [[0.4, 0.8]]])
    shown = [axes.images[0] for axes in image_axes(display.show_images(images))]
    assert [s.get_clim() for s in shown] == [(0, 1), (0, 1)]
    assert np.allclose(shown[1].get_array(), images[1])


@pytest.mark.parametrize(
    ("values", "signed", "limits", "colours"),
    [
        ([[0.0, 0.5]], None, (0, 1), "gray"),
        ([[0.0, 5.0]], None, (0, 5), "gray"),
        ([[-1.0, 3.0]], None, (-3, 3), "signed"),  # zero stays in the middle
        ([[-4.0, 3.0]], None, (-4, 4), "signed"),
        ([[0.0, 2.0]], True, (-2, 2), "signed"),
        ([[-1.0, 3.0]], False, (-1, 3), "gray"),
        ([[0.0, 0.0]], True, (-1, 1), "signed"),
    ],
)
def test_signed_values_are_centred_at_zero(values, signed, limits, colours):
    picture = display.show_images(torch.tensor(values), signed=signed)
    shown = image_axes(picture)[0].images[0]
    assert shown.get_clim() == limits
    assert shown.cmap.name == colours


def test_zero_is_drawn_in_the_middle_colour():
    drawn = pixels(display.show_images(torch.tensor([[-1.0, 0.0, 3.0]]), signed=True)).reshape(-1, 3)
    middle = [round(255 * c) for c in _numbers.rgb(display.PALETTE["signed"][5])]
    assert (np.abs(drawn - middle).max(1) <= 3).mean() > 0.1


def test_colour_pictures_out_of_range_are_stretched_not_clipped():
    image = torch.linspace(-2, 2, 48).reshape(3, 4, 4)
    shown = image_axes(display.show_images(image))[0].images[0].get_array()
    assert shown.min() == 0 and shown.max() == 1 and len(np.unique(shown)) == 48


def test_titles_are_not_mathematics():
    axes = image_axes(display.show_images(torch.rand(2, 1, 3, 3), titles=["$5 and $6", "<b>"]))
    assert [a.get_title() for a in axes] == ["$5 and $6", "<b>"]
    assert not axes[0].title.get_parse_math()


def test_a_role_colours_the_frame():
    edges = [
        _picture.role_colour(role) == display.PALETTE[role]
        and image_axes(display.show_images(torch.rand(3, 3), role=role))[0].spines["top"].get_edgecolor()[:3]
        == pytest.approx(_numbers.rgb(display.PALETTE[role]))
        for role in ("input", "kernel", "output", "attention")
    ]
    assert all(edges)
    with pytest.raises(ValueError, match=r"no role 'weights'.*kernel"):
        display.show_images(torch.rand(3, 3), role="weights")


@pytest.mark.parametrize(
    ("images", "words"),
    [
        (torch.rand(1, 2, 3, 4, 5), r"expected \(H, W\)"),
        (torch.rand(2, 5, 6, 6), "show_maps"),
        ([np.zeros((20, 30, 3))], r"permute\(2, 0, 1\)"),
        ([], "empty"),
    ],
)
def test_images_that_cannot_be_shown_say_why(images, words):
    with pytest.raises(ValueError, match=words):
        display.show_images(images)


def test_uint8_pictures_are_shown_as_they_are():
    shown = image_axes(display.show_images(np.array([[0, 255]], np.uint8)))[0].images[0]
    assert shown.get_array().tolist() == [[0, 1]] and shown.get_clim() == (0, 1)


# --- maps and filters


def test_maps_are_signed_or_viridis():
    maps = torch.randn(4, 5, 5)
    signed, rectified = display.show_maps(maps), display.show_maps(maps.relu())
    assert image_axes(signed)[0].images[0].cmap.name == "signed"
    assert image_axes(rectified)[0].images[0].cmap.name == "viridis"
    assert signed.alt.startswith("4 signed feature maps, 5 × 5, values −")
    assert rectified.alt.startswith("4 feature maps, 5 × 5, values 0 to ")
    limits = {axes.images[0].get_clim() for axes in image_axes(signed)}
    assert len(limits) == 1, "one scale for all maps"


def test_maps_beyond_64_are_cropped_and_say_so():
    picture = display.show_maps(torch.rand(1, 100, 4, 4))
    assert len(image_axes(picture)) == 64
    assert picture.figure.texts[0].get_text() == "the first 64 of 100 maps"
    with pytest.raises(ValueError, match="one example"):
        display.show_maps(torch.rand(2, 3, 4, 4))


def test_filters_of_one_three_and_many_channels():
    one = display.show_filters(torch.randn(6, 1, 5, 5))
    three = display.show_filters(torch.randn(6, 3, 5, 5))
    many = display.show_filters(torch.randn(20, 32, 3, 3))
    assert len(image_axes(one)) == len(image_axes(three)) == 6
    assert image_axes(one)[0].images[0].cmap.name == "signed"
    assert len(image_axes(many)) == 12 * 16
    assert many.alt.endswith("filters 0 to 11 of 20, input channels 0 to 15 of 32.")
    with pytest.raises(ValueError, match="C_out"):
        display.show_filters(torch.rand(3, 3))


def test_colour_filters_are_grey_where_a_weight_is_zero():
    weight = torch.zeros(1, 3, 2, 2)
    weight[0, 0, 0, 0] = 2.0
    shown = image_axes(display.show_filters(weight))[0].images[0].get_array()
    assert shown[0, 0].tolist() == [1, 0.5, 0.5] and shown[1, 1].tolist() == [0.5, 0.5, 0.5]


def test_a_filter_is_drawn_with_its_own_numbers():
    weight = torch.arange(36.0).reshape(2, 2, 3, 3)
    axes = image_axes(display.show_filters(weight))
    assert np.array_equal(axes[3].images[0].get_array(), weight[1, 1])
    assert [axes[k].get_ylabel() for k in (0, 2)] == ["filter 0", "filter 1"]


# --- numbers


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0, "0"), (1, "1"), (-1.5, "−1.5"), (0.125, "0.125"), (0.12345, "0.123"), (1234, "1230"),
        (99999, "100000"),
        (2.5e6, "2.5e6"), (-3.21e-7, "−3.21e−7"), (0.00604, "0.00604"), (float("nan"), "nan"),
        (float("inf"), "∞"), (float("-inf"), "−∞"), (True, "1"), (-0.0, "0"), (0.9996, "1"),
    ],
)  # fmt: skip
def test_numbers_have_at_most_three_figures(value, written):
    assert _numbers.text(value) == written


@pytest.mark.parametrize("colour", [*display.PALETTE["signed"], "#0072b2", "#ffffff", "#000000", "#777777"])
def test_ink_can_be_read_on_every_colour(colour):
    def luminance(c):
        return sum(
            w * (x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4)
            for w, x in zip((0.2126, 0.7152, 0.0722), _numbers.rgb(c), strict=True)
        )

    light, dark = sorted((luminance(colour), luminance(_numbers.ink(_numbers.rgb(colour)))), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 4.5  # WCAG AA


# --- small arrays


class Table(HTMLParser):
    """Reads a grid back: its numbers, which are marked, its caption."""

    def __init__(self, text):
        super().__init__()
        self.rows, self.marked, self.caption, self.open, self.styles = [], [], "", [], {}
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.open.append((tag, dict(attributes)))
        if tag == "tr":
            self.rows.append([])

    def handle_endtag(self, tag):
        assert self.open.pop()[0] == tag

    def handle_data(self, text):
        tags = [tag for tag, _ in self.open]
        if "caption" in tags:
            self.caption += text
        elif tags[-1] in ("td", "th", "mark"):
            self.rows[-1].append(text)
            if "mark" in tags:
                self.marked.append(text)
                self.styles["mark"] = self.open[-2][1]["style"]


def test_grid_has_the_numbers_where_they_belong():
    table = Table(display.grid_html(torch.tensor([[1.0, -2.5], [0.125, 1234.0]]), "output", (1, 0), "yours"))
    assert table.rows == [["0", "1"], ["0", "1", "−2.5"], ["1", "0.125", "1230"]]
    assert table.marked == ["0.125"] and table.caption == "yours"
    assert "dashed" in table.styles["mark"] and "3px" in table.styles["mark"]


def test_grid_escapes_everything():
    text = display.grid_html(np.ones((2, 2)), caption="<script>alert('x')</script> & \"more\"")
    assert "<script" not in text and Table(text).caption == "<script>alert('x')</script> & \"more\""


def test_grid_crops_around_the_mark_and_says_so():
    array = torch.arange(30 * 40).reshape(30, 40)
    table = Table(display.grid_html(array, mark=(29, 20), caption="input"))
    assert len(table.rows) == 9 and table.rows[0] == [str(c) for c in range(16, 24)]
    assert table.marked == ["1180"] and table.rows[-1][0] == "29"
    assert table.caption == "input. rows 22 to 29 of 30, columns 16 to 23 of 40"
    assert Table(display.grid_html(array)).rows[0] == [str(c) for c in range(8)]


def test_grid_chooses_the_plane_of_the_mark():
    array = torch.zeros(2, 3, 4, 4)
    array[1, 2, 3, 0] = 7
    table = Table(display.grid_html(array, mark=(1, 2, 3, 0)))
    assert table.marked == ["7"] and table.caption == "plane [1, 2] of (2, 3, 4, 4)"
    assert Table(display.grid_html(torch.ones(1, 1, 2, 2))).caption == ""


@pytest.mark.parametrize("array", [5.0, [1, 2, 3], np.array([True, False]), torch.tensor([[1, 2]])])
def test_grid_takes_numbers_and_vectors(array):
    assert len(Table(display.grid_html(array)).rows) == 2


def test_grid_marks_several_cells_and_checks_the_mark():
    table = Table(display.grid_html(torch.arange(4).reshape(2, 2), mark=[(0, 0), (1, 1)]))
    assert table.marked == ["0", "3"]
    with pytest.raises(ValueError, match=r"index of an array of shape \(2, 2\)"):
        display.grid_html(torch.zeros(2, 2), mark=(0, 0, 1))
    with pytest.raises(ValueError, match="nothing to show"):
        display.grid_html(torch.zeros(0, 3))
    with pytest.raises(ValueError, match="no role"):
        display.grid_html(torch.zeros(2, 2), role="weights")


def test_grid_colours_follow_the_sign():
    """White at zero, the ends of the signed map at the largest magnitude; unsigned cells are the role's."""
    signed = display.grid_html([[-2.0, 0.0, 2.0]])
    for stop in (0, 5, 10):
        assert f"background:{display.PALETTE['signed'][stop]}" in signed
    plain = display.grid_html([[0.0, 2.0]], "kernel")
    assert "background:#ffffff" in plain
    full = _numbers.hexadecimal(_numbers.mix((1, 1, 1), _numbers.rgb(display.PALETTE["kernel"]), 0.75))
    assert f"background:{full}" in plain


def test_grid_survives_what_is_not_a_number():
    table = Table(display.grid_html([[float("nan"), float("inf"), -1.0]]))
    assert table.rows[1][1:] == ["nan", "∞", "−1"]
    assert display.show_array([[float("nan"), 1.0]]).png()


def test_array_picture_and_table_agree():
    array = torch.randn(3, 4)
    picture = display.show_array(array, "output", mark=(2, 1), title="out")
    written = [t.get_text() for t in picture.figure.axes[0].texts][:12]
    assert written == [text for row in Table(display.grid_html(array)).rows[1:] for text in row[1:]]
    assert picture.alt.startswith("out: output array, 3 × 4: ") and picture.alt.endswith("Marked: (2, 1).")
    dashed = [
        p for p in picture.figure.axes[0].patches if p.get_linestyle() != "solid" and p.get_linewidth() >= 3
    ]
    assert [(p.get_x(), p.get_y()) for p in dashed] == [(1, 2)]


# --- curves


def test_curves_draw_what_happened():
    picture = display.show_curves(history())
    loss, accuracy = picture.figure.axes
    assert [list(line.get_ydata()) for line in loss.lines] == [history().loss, history().validation_loss]
    assert [list(line.get_ydata()) for line in accuracy.lines] == [
        history().accuracy,
        history().validation_accuracy,
    ]
    assert list(loss.lines[0].get_xdata()) == [1, 2, 3]
    assert loss.lines[0].get_linestyle() == "-" != loss.lines[1].get_linestyle()
    assert picture.alt.startswith(
        "Training curves over 3 epochs: training loss 1 to 0.333; validation loss 1.1"
    )


def test_curves_without_accuracy_or_validation():
    run = history(validation=False)
    run.accuracy = [None] * 3
    (loss,) = display.show_curves(run).figure.axes
    assert len(loss.lines) == 1
    assert display.show_curves(history(1)).png()


def test_curves_of_several_runs_differ_by_more_than_colour():
    picture = display.show_curves({"plain": history(), "residual": history(5), "by hand": [3, 2, 1]})
    loss = picture.figure.axes[0]
    assert len({line.get_marker() for line in loss.lines}) == 3
    assert {t.get_text() for t in loss.texts} == {
        "plain training", "plain validation", "residual training", "residual validation", "by hand",
    }  # fmt: skip
    with pytest.raises(ValueError, match="empty"):
        display.show_curves({})


def test_names_at_the_ends_do_not_overlap():
    loss = display.show_curves({f"run {k}": [1.0, 0.5 + k / 1000] for k in range(7)}).figure.axes[0]
    low, high = loss.get_ylim()
    heights = sorted(t.xy[1] for t in loss.texts)
    assert min(b - a for a, b in pairwise(heights)) > 0.08 * (high - low)
    assert low <= heights[0] and heights[-1] <= high + 1e-9


def test_live_curves_update_one_display(monkeypatch):
    import IPython.display

    calls = []

    class Handle:
        def update(self, picture):
            calls.append(("update", picture.alt))

    def show(picture, display_id):
        calls.append(("display", picture.alt))
        return Handle()

    live = display.LiveCurves()
    live(history(1))  # not in a notebook: silent
    assert calls == [] and live.picture.alt.startswith("Training curves over 1 epoch:")
    monkeypatch.setattr(_curves, "in_notebook", lambda: True)
    monkeypatch.setattr(IPython.display, "display", show)
    for epochs in (1, 2, 3):
        live(history(epochs))
    assert [kind for kind, _ in calls] == ["display", "update", "update"]
    assert "over 3 epochs" in calls[-1][1]


def test_tiles_fit_the_page():
    for count, shape in [(1, (10, 300)), (8, (32, 32)), (64, (5, 5)), (30, (100, 10))]:
        figure = display.show_images(torch.rand(count, 1, *shape)).figure
        assert figure.get_figwidth() <= _tiles.WIDEST + 0.8
