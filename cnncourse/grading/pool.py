"""Worker processes, each with a grader of its own, and the submissions handed to them one at a time.

A worker holds one submission, so that its memory is that of its grader and one notebook. One that dies is
replaced, and its submission tried once more; one that two workers died of is left ungraded and named.
"""

import json
import multiprocessing
import os
import signal
import time
from collections import Counter, deque
from dataclasses import dataclass
from multiprocessing.connection import wait

from ._archive import Unusable

PATIENCE = 1800.0  # seconds for one submission; a grader's own limits are far below
TRIES = 2


class NoGrader(RuntimeError):
    """No grader starts; the message says why."""


@dataclass(frozen=True)
class Lost:
    """Why a submission has no grade."""

    why: str


class Worker:
    """A process that grades, at the other end of a pipe: starting, idle or busy."""

    def __init__(self, make):
        context = multiprocessing.get_context("spawn")  # a fork would inherit threads and locks
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=_serve, args=(theirs, make), daemon=True)
        self.process.start()
        theirs.close()  # or its end would never be noticed
        self.state, self.submission, self.deadline = "starting", None, time.monotonic() + PATIENCE

    def give(self, submission):
        """Send a submission. Raises Unusable where it cannot be read; a dead worker is noticed later."""
        content = submission.read()
        self.state, self.submission, self.deadline = "busy", submission, time.monotonic() + PATIENCE
        try:
            self.pipe.send_bytes(json.dumps(submission.chapter).encode())
            self.pipe.send_bytes(content)
        except OSError:
            pass

    def hear(self):
        """What the worker says, None if it is dead; a submission is no longer its own then."""
        self.state, submission, self.submission = "idle", self.submission, None
        try:
            return submission, json.loads(self.pipe.recv_bytes())
        except (EOFError, OSError, ValueError):
            self.state = "dead"
            return submission, None

    def stop(self):
        """End the process: an idle one by closing its pipe."""
        self.pipe.close()
        self.process.join(10 if self.state == "idle" else 0)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()


def _serve(pipe, make):
    """What a worker does until its pipe closes; Ctrl-C at a terminal is for its parent to handle."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    try:
        grader = make()
    except Exception as error:  # said by the parent, in a sentence
        return pipe.send_bytes(json.dumps({"failed": str(error) or type(error).__name__}).encode())
    with grader:
        pipe.send_bytes(b"{}")
        while True:
            try:
                chapter, notebook = json.loads(pipe.recv_bytes()), pipe.recv_bytes()
                pipe.send_bytes(json.dumps(grader.grade(notebook, chapter)).encode())
            except (EOFError, OSError):
                return None


def grade_all(submissions, make, workers):
    """Yield (submission, grade) as they come, with a `Lost` in the grade's place where there is none.

    `make()` makes a grader, a context manager, in each of at most `workers` processes.
    Raises NoGrader where that fails.
    """
    waiting, tries, deaths = deque(submissions), Counter(), 0
    crew = [Worker(make) for _ in range(min(workers, len(waiting)))]
    try:
        while waiting or any(worker.state == "busy" for worker in crew):
            yield from _hand_out(crew, waiting)
            for number in _heard(crew):
                starting = crew[number].state == "starting"
                submission, said = crew[number].hear()
                if said is None:
                    crew[number].stop()
                    deaths += starting
                    if deaths > TRIES:
                        raise NoGrader("a grader dies while it starts; `cnncourse doctor` may say why")
                    crew[number] = Worker(make)
                if starting and said and "failed" in said:
                    raise NoGrader(said["failed"])
                if submission and said is None:
                    tries[submission] += 1
                    waiting.extend([submission] if tries[submission] < TRIES else [])
                if submission and (said is not None or tries[submission] >= TRIES):
                    yield submission, said or Lost("the grader died of it twice")
    finally:
        for worker in crew:
            worker.stop()


def _hand_out(crew, waiting):
    """Give every idle worker something to do; yield what cannot be read any more."""
    for worker in crew:
        while worker.state == "idle" and waiting:
            submission = waiting.popleft()
            try:
                worker.give(submission)
            except Unusable as error:
                yield submission, Lost(str(error))


def _heard(crew):
    """Numbers of the workers that said something or died; waits for the first, and for none too long."""
    expected = {worker.pipe: number for number, worker in enumerate(crew) if worker.state != "idle"}
    if not expected:
        return []
    end = min(worker.deadline for worker in crew if worker.state != "idle")
    ready = wait(list(expected), timeout=max(0, end - time.monotonic()))
    if not ready:
        late = [worker for worker in crew if worker.state != "idle" and worker.deadline <= time.monotonic()]
        for worker in late:
            worker.process.kill()
    return [expected[pipe] for pipe in ready]
