"""End code that runs too long, and leave the kernel usable."""

import _thread
import contextlib
import signal
import threading

AGAIN = 0.2  # seconds between two interruptions: code that swallows the first one meets the next


class TimedOut(BaseException):
    """Raised inside code that used up its time; no `except Exception` of a learner's catches it."""


@contextlib.contextmanager
def time_limit(seconds):
    """Raise `TimedOut` in the body after `seconds`; one long call into C ends only when it returns.

    POSIX's main thread uses an interval timer, which also cuts `time.sleep`; elsewhere a watchdog thread
    interrupts the main thread.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # nothing can interrupt a worker thread; its owner keeps the clock
    elif hasattr(signal, "setitimer"):
        with _timer(seconds):
            yield
    else:
        with _watchdog(seconds):
            yield


@contextlib.contextmanager
def _timer(seconds):
    def fire(signum, frame):
        raise TimedOut

    before = signal.signal(signal.SIGALRM, fire)
    earlier = signal.setitimer(signal.ITIMER_REAL, seconds, AGAIN)
    try:
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    finally:  # even if it fired a last time on the way out
        signal.signal(signal.SIGALRM, before)
        signal.setitimer(signal.ITIMER_REAL, *earlier)


@contextlib.contextmanager
def _watchdog(seconds):
    done, fired = threading.Event(), threading.Event()

    def watch():
        wait = seconds
        while not done.wait(wait):
            fired.set()
            _thread.interrupt_main()
            wait = AGAIN

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    except KeyboardInterrupt:
        if fired.is_set():  # ours, not the learner's own stop button
            raise TimedOut from None
        raise
    finally:
        done.set()
        thread.join()
