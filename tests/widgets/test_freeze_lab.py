"""FreezeLab shows what was recorded and counts what a real network would train."""

import pytest

from cnncourse import models, recorded, transfer
from cnncourse.widgets import FreezeLab
from cnncourse.widgets.freeze_lab import TASKS, figures, trainable

NEAR, FAR = TASKS


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("frozen", range(5))
def test_it_counts_what_a_frozen_network_would_train(task, frozen):
    model = models.build("letternet", classes=TASKS[task][1])
    transfer.freeze(model, frozen)
    assert trainable(task, frozen) == sum(p.numel() for p in model.parameters() if p.requires_grad)


@pytest.mark.parametrize("task", TASKS)
def test_every_recorded_setting_is_offered_and_no_other(task):
    results, (prefix, _) = recorded("transfer")["results"], TASKS[task]
    lab = FreezeLab(task=task, frozen=0, labels=10)
    offered = {(n, k) for n in lab._controls["labels"].options for k in lab._controls["frozen"].options}
    assert offered == {key for key in figures(task) if isinstance(key[1], int)}
    for labels, frozen in offered:
        found = results[f"{prefix}/{labels}/{frozen}"]
        assert figures(task)[labels, frozen] == (found["mean"], *found["interval"])
    lab.set(labels=100, frozen=4)
    assert lab.accuracy.mean == results[f"{prefix}/100/4"]["mean"]
    assert lab.scratch.mean == results[f"{prefix}/100/scratch"]["mean"]


def test_controls_show_anew_and_say_so():
    lab = FreezeLab(frozen=3, labels=1)
    assert repr(lab) == f"FreezeLab(task={NEAR!r}, frozen=3, labels=1)"
    picture, status = lab._picture.value, lab._status.value
    assert "3 of 4 stages frozen: 37,642 of 61,050 parameters learn" in status and 'role="status"' in status
    assert f"{100 * lab.accuracy.mean:.1f} %" in status and "alt=" in picture
    lab.set(frozen=4)
    assert "The whole body is frozen: 650 of 61,050" in lab._status.value and lab._picture.value != picture
    lab.set(frozen=0)
    assert "Nothing is frozen" in lab._status.value
    assert all(control.description for control in lab._controls.values())


def test_another_task_keeps_the_nearest_choice():
    lab = FreezeLab(frozen=3, labels=1)
    lab.set(task=FAR)
    assert lab.setting == {"task": FAR, "frozen": 2, "labels": 3}
    assert "60,790 parameters" in lab._status.value
    lab.set(labels=100, task=NEAR, frozen=1)
    assert lab.setting == {"task": NEAR, "frozen": 1, "labels": 100}


def test_a_setting_that_was_not_recorded_is_an_error():
    with pytest.raises(Exception, match="value"):
        FreezeLab(task=FAR, frozen=3, labels=10)
