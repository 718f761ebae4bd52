"""OptimizerRace's state as Python sees it; its paths are compared with torch.optim in tests/browser."""

import pytest
import traitlets as t

from cnncourse.optimizers import SEVEN
from cnncourse.widgets import OptimizerRace
from cnncourse.widgets.optimizer_race import NAMES, SURFACES


def test_defaults_and_repr():
    race = OptimizerRace()
    assert race.start == SURFACES["ravine"]["start"]
    assert repr(race) == (
        "OptimizerRace(surface='ravine', learning_rate=0.02, tuned=False, steps=60, "
        "start=[-2.0, 1.0], hidden=[])"
    )
    assert tuple(SEVEN) == NAMES


def test_another_surface_begins_at_its_own_start():
    race = OptimizerRace(surface="saddle")
    assert race.start == SURFACES["saddle"]["start"]
    race.surface = "plateau"
    assert race.start == SURFACES["plateau"]["start"]
    assert OptimizerRace(surface="plateau", start=[0.5, 0.5]).start == [0.5, 0.5]


def test_state_is_kept_inside():
    race = OptimizerRace(learning_rate=1e9, steps=10_000, start=[9.0, -9.0])
    assert (race.learning_rate, race.steps, race.start) == (100.0, 300, [2.4, -1.6])
    race.start = [-9.0, 0.5]
    assert race.start == [-2.4, 0.5]


@pytest.mark.parametrize("wrong", [{"surface": "hill"}, {"hidden": ["SGD"]}, {"start": [1.0]}])
def test_what_does_not_exist_is_refused(wrong):
    with pytest.raises(t.TraitError):
        OptimizerRace(**wrong)


def test_every_start_lies_in_its_picture():
    for surface in SURFACES.values():
        x0, x1, y0, y1 = surface["box"]
        x, y = surface["start"]
        assert x0 <= x <= x1 and y0 <= y <= y1
