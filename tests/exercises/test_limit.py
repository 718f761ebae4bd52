"""Time limits interrupt what can be interrupted, and leave things usable."""

import threading
import time

import pytest
import torch

from cnncourse.exercises import _limit
from cnncourse.exercises._kinds import exercise
from cnncourse.exercises._limit import TimedOut, time_limit


def tight():
    while True:
        pass


def swallowing():
    while True:
        try:
            tight()
        except Exception:
            continue


def operations():
    x = torch.ones(64, 64)
    while True:
        x = torch.tanh(x @ x)


def sleeping():
    time.sleep(30)


@pytest.mark.parametrize("body", [tight, swallowing, operations, sleeping])
def test_timer_ends_it(body):
    start = time.perf_counter()
    with pytest.raises(TimedOut), time_limit(0.3):
        body()
    assert time.perf_counter() - start < 3


@pytest.mark.parametrize("body", [tight, swallowing, operations])
def test_watchdog_ends_it_where_there_is_no_timer(body):
    start = time.perf_counter()
    with pytest.raises(TimedOut), _limit._watchdog(0.3):
        body()
    assert time.perf_counter() - start < 3


def test_a_stop_button_is_not_a_time_out():
    with pytest.raises(KeyboardInterrupt), _limit._watchdog(5):
        raise KeyboardInterrupt


def test_nothing_fires_afterwards():
    with time_limit(0.2):
        pass
    time.sleep(0.4)


def test_a_worker_thread_may_check_too():
    seen = []
    thread = threading.Thread(target=lambda: seen.append(_in_limit()))
    thread.start(), thread.join()
    assert seen == [3]


def _in_limit():
    with time_limit(1):
        return 3


def test_an_endless_answer_is_timed_out_and_says_so():
    endless = exercise(lambda x: x, seconds=0.3)
    endless.name = "endless"

    @endless.examples
    def _(draw):
        yield (draw(2),)

    verdict = endless.grade(lambda x: tight())
    assert verdict.outcome == "timed out" and "0.3 seconds" in verdict.message
    assert endless.grade(lambda x: x).passed
