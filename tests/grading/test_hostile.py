"""Submissions that would rather not answer: none gains a point, gets out, or changes another's result.

Every attack stands in the cell of an exercise, for other cells do not run unless an answer needs them. An
attack that finds the right answer hands it in; so a point is the proof that it worked.
"""

# ruff: noqa: E501 (a forged message stands on a line)

import contextlib
import os
import socket
import threading
import time

import psutil
import pytest

from tests.grading.submissions import CHAPTER, CONV2D, SETUP, as_bytes, scores

WRONG = "unanimous_bias = -7\ncheck(unanimous_bias=unanimous_bias)\n"  # what an attack is to make right
RIGHT = "-8"

ATTACKS = {
    "torch patched": """
torch.allclose = torch.equal = lambda *a, **k: True
torch.Tensor.__eq__ = lambda a, b: True
torch.Tensor.numpy = lambda *a, **k: None
""",
    "numpy patched": """
import numpy as np
np.isfinite = np.array_equal = np.allclose = lambda *a, **k: True
np.asarray = lambda *a, **k: -8
""",
    "builtins patched": """
import builtins
builtins.isinstance = builtins.all = builtins.any = lambda *a, **k: True
builtins.zip = lambda *a, **k: []
""",
    "course patched": """
import cnncourse.exercises as e, cnncourse.exercises._perform as p, cnncourse.exercises._probe as q
e.check = p.perform = q.plain = q.compare = lambda *a, **k: True
p.PROBES.clear()
""",
    "check redefined": """
def check(*answers, **named):
    return "Right."
""",
    "verdict objects": """
class Yes:
    passed = outcome = "passed"
    __class__ = property(lambda self: int)
    def __eq__(self, other): return True
    def __int__(self): return -8
    def __array__(self, *a, **k):
        import numpy as np
        return np.array(-8)
check(unanimous_bias=Yes())
""",
    "registry": """
try:
    from cnncourse.exercises import EXERCISES
    check(unanimous_bias=EXERCISES["unanimous_bias"].reference)
except Exception:
    import cnncourse.exercises.convolution.filters as filters
    check(unanimous_bias=filters.unanimous_bias.reference)
""",
    "files": """
import os
for folder in ("/", "/work", "/home", "/root", "/course", "/usr", "/tmp"):
    for place, folders, files in os.walk(folder):
        folders[:] = [f for f in folders if f not in ("proc", "site-packages", "include", "share")]
        for file in files:
            path = os.path.join(place, file)
            if file.endswith((".py", ".ipynb", ".pyc")) and os.path.getsize(path) < 200_000:
                if b"unanimous_bias" in open(path, "rb").read():
                    check(unanimous_bias=-8)
""",
    "memory of the process": """
import gc, sys
for thing in gc.get_objects():
    if type(thing).__name__.endswith("Exercise") and type(thing).__module__.startswith("cnncourse.exercises"):
        check(unanimous_bias=-8)
for module in list(sys.modules):
    if "exercises.convolution" in module:
        check(unanimous_bias=-8)
""",
    "frames": """
import sys
frame = sys._getframe()
while frame:
    for name, value in {**frame.f_globals, **frame.f_locals}.items():
        if name in ("reference", "EXERCISES", "expected", "seed"):
            check(unanimous_bias=-8)
    frame = frame.f_back
""",
    "proc": """
import os
for process in os.listdir("/proc"):
    if process.isdigit():
        for file in ("environ", "maps", "mem", "cmdline"):
            open(f"/proc/{process}/{file}", "rb").read(10)
            check(unanimous_bias=-8)
""",
    "the end of Python": """
import os
os._exit(0)
""",
    "a crash in C": """
import ctypes
ctypes.string_at(0)
""",
    "deep recursion": """
import sys
sys.setrecursionlimit(10**8)
def down(): return down()
down()
""",
    "signals": """
import os, signal
for number in (signal.SIGKILL, signal.SIGTERM, signal.SIGSTOP, signal.SIGINT):
    for process in (os.getppid(), 1, 2, 3, -1):
        try: os.kill(process, number)
        except OSError: pass
""",
    "limits and priority of PID 1": """
import os, resource
for process in (1, os.getppid(), 0):
    for act in (lambda: resource.prlimit(process, resource.RLIMIT_NOFILE, (0, 0)),
                lambda: os.setpriority(os.PRIO_PROCESS, process, 19),
                lambda: os.setpriority(os.PRIO_USER, os.getuid(), 19),
                lambda: os.sched_setaffinity(process, {0})):
        try: act()
        except (OSError, ValueError): pass
""",
    "fork bomb": """
import os
while True:
    try: os.fork()
    except OSError: pass
""",
    "a bomb that outlives its session": """
import os
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.setsid()
        import ctypes
        ctypes.CDLL(None).prctl(1, 0, 0, 0, 0)
        while True:
            try: os.fork()
            except OSError: pass
    os._exit(0)
""",
    "threads": """
import threading, time
while True:
    try: threading.Thread(target=time.sleep, args=(1000,), daemon=False).start()
    except RuntimeError: pass
""",
    "memory": """
held = []
while True:
    try: held.append(bytearray(1 << 28))
    except MemoryError: held.append(held[:])
""",
    "memory in torch": """
held = [torch.ones(1 << 28) for _ in range(1000)]
""",
    "disk": """
import os
for number in range(100_000):
    try: open(f"full{number}", "wb").write(bytes(1 << 22))
    except OSError: pass
""",
    "output": """
import os
for _ in range(200):
    print("x" * 1_000_000)
    os.write(1, bytes(1_000_000)), os.write(2, bytes(1_000_000))
""",
    "a loop": """
while True:
    pass
""",
    "a loop that catches everything": """
while True:
    try:
        while True: pass
    except BaseException:
        continue
""",
    "a loop in C": """
import itertools, collections
collections.deque(itertools.repeat(None), maxlen=0)
""",
    "a loop in __del__": """
class Stay:
    def __del__(self):
        while True: pass
stay = Stay()
del stay
""",
    "the alarm switched off": """
import signal
signal.setitimer(signal.ITIMER_REAL, 0)
signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 60))
while True: pass
""",
    "namespaces and mounts": """
import ctypes, os
libc = ctypes.CDLL(None)
for flags in (0x10000000, 0x20000, 0x40000000):
    libc.unshare(flags)
libc.umount2(b"/proc", 2), libc.umount2(b"/scratch", 2), libc.chroot(b"/")
libc.mount(b"proc", b"/scratch", b"proc", 0, None)
if os.path.exists("/scratch/1") or os.path.exists("/proc/1"):
    check(unanimous_bias=-8)
""",
    "a clone into namespaces": """
import ctypes
if ctypes.CDLL(None).syscall(56, 0x10000000 | 17, 0, 0, 0, 0) >= 0:
    check(unanimous_bias=-8)
""",
    "kernel doors": """
import ctypes
libc = ctypes.CDLL(None)
for number in (101, 250, 321, 298, 425, 323, 319, 304):  # ptrace, keyctl, bpf, perf, io_uring, userfaultfd, …
    if libc.syscall(number, 0, 0, 0, 0, 0) >= 0:
        check(unanimous_bias=-8)
""",
    "many answers": """
for bias in range(-40, 40):
    if check(unanimous_bias=bias).passed is not True:
        break
else:
    check(unanimous_bias=7)
""",
    "the right number by what `yours` says": """
for bias in range(-12, 12):
    check(unanimous_bias=bias)
    try:
        yours("unanimous_bias")
        break
    except ValueError: pass
else:
    check(unanimous_bias=7)
""",
    "a transcript of one's own": """
import numpy, candidate.serve
candidate.serve.perform = lambda answer, task: {"records": [
    {"output": {"kind": "number", "array": numpy.asarray(-7), "dtype": "int64"}, "passed": True, "printed": ""}]}
""",
    "modules exchanged": """
import sys, types
for name in ("cnncourse.exercises", "cnncourse.exercises._probe", "torch", "numpy", "candidate.serve", "json"):
    sys.modules[name] = types.SimpleNamespace(check=print, plain=lambda *a: {}, dumps=lambda *a: "[]")
""",
    "an answer that is too deep": """
deep = []
for _ in range(1_000_000): deep = [deep]
check(unanimous_bias=deep)
""",
    "an answer that is too wide": """
check(unanimous_bias=[[[[1.0] * 300] * 300] * 300] * 300)
""",
    "numbers that are none": """
check(unanimous_bias=float("nan")), check(unanimous_bias=float("inf")), check(unanimous_bias=-8 + 0j)
check(unanimous_bias=10 ** 100_000), check(unanimous_bias="-8")
""",
    "an error that cannot be read": """
class Odd(BaseException):
    def __str__(self): raise MemoryError
def conv2d(image, kernel): raise Odd
check(conv2d)
""",
    "null bytes": """
x = "\0"
""",
    "ten thousand checks": """
for _ in range(10_000):
    check(unanimous_bias=-7)
""",
    "the course's version": """
unanimous_bias = yours("unanimous_bias")
check(unanimous_bias=unanimous_bias)
edge_kernel = yours("edge_kernel")
check(edge_kernel)
""",
    "an exit handler": """
import atexit, os
atexit.register(os.fork)
raise SystemExit(0)
""",
    "links": """
import os
for target in ("/course/cnncourse", "/etc/passwd", "../../..", "/usr/bin"):
    try: os.symlink(target, os.path.basename(target) or "up"); open("cnncourse/planted.py", "w").write("x")
    except OSError: pass
""",
    "page of HTML": """
raise ValueError("<script>alert(1)</script>" + chr(0xD800) + chr(0) * 3)
""",
}

WIRE = """
import gc, json, os, socket, struct
line = next(s for s in gc.get_objects() if isinstance(s, socket.socket) and s.fileno() >= 0)
def say(tree, arrays=(), body=b"", size=None):
    header = json.dumps([tree, list(arrays)]).encode()
    line.sendall(struct.pack("!II", len(header), len(body) if size is None else size) + header + body)
def ask(name):
    say({"dict": [["check", name]]})
    return line.recv(1 << 20)
def transcript(*records):
    say({"dict": [["transcript", {"dict": [["records", list(records)]]}]]})
"""
FORGERIES = {
    "no records": 'ask("unanimous_bias"); transcript()',
    "records of nothing": 'ask("unanimous_bias"); transcript({"dict": []}, None, 3, "passed")',
    "a verdict": 'ask("unanimous_bias"); say({"dict": [["transcript", {"dict": [["passed", True], ["outcome", "passed"]]}]]})',
    "NaN": 'ask("unanimous_bias"); transcript({"dict": [["output", {"dict": [["kind", "number"], ["array", float("nan")]]}]]})',
    "NaN array": 'ask("unanimous_bias"); say({"dict": [["transcript", {"dict": [["records", [{"dict": [["output", {"dict": [["kind", "number"], ["array", {"array": 0}]]}]]}]]]}]]}, [["float64", []]], struct.pack("d", float("nan")))',
    "meta": 'ask("conv2d"); transcript(*[{"dict": [["meta", True], ["stub", False], ["shortcuts", []], ["changed", []], ["gradients", None], ["output", {"dict": [["kind", "tensor"], ["shape", [2, 3]], ["array", None], ["dtype", "float32"]]}]]}] * 5)',
    "deep": 'ask("conv2d"); transcript(eval("[" * 90 + "]" * 90))',
    "deeper": 'header = b"[" * 1_000_000; line.sendall(struct.pack("!II", len(header), 0) + header)',
    "a huge shape": 'ask("conv2d"); say({"dict": [["transcript", {"array": 0}]]}, [["float64", [1 << 20, 1 << 20, 1 << 20]]], b"x" * 8)',
    "a negative shape": 'ask("conv2d"); say({"dict": [["transcript", {"array": 0}]]}, [["float64", [-1, -8]]], b"x" * 64)',
    "objects": 'ask("conv2d"); say({"dict": [["transcript", {"array": 0}]]}, [["object", [1]]], b"x" * 8)',
    "oversized": 'ask("conv2d"); line.sendall(struct.pack("!II", 0xFFFFFFFF, 0xFFFFFFFF)); line.sendall(bytes(1 << 24))',
    "half a message": 'ask("conv2d"); line.sendall(struct.pack("!II", 1000, 0) + b"x")\nwhile True: pass',
    "a pickle": 'import pickle; ask("conv2d"); line.sendall(pickle.dumps({"records": []}) * 10)',
    "odd tags": 'ask("conv2d"); say({"dict": [["transcript", {"import": "os:system"}]]})',
    "code": 'ask("conv2d"); say({"source": ["import os", "os"]})',
    "odd names": 'say({"dict": [["check", ["conv2d"]]]}); say({"dict": [["yours", {"dict": []}]]})',
    "a cell that is not there": 'say({"dict": [["cell", 10 ** 9]]})',
    "an exercise that is not there": 'ask("../../etc/passwd"); ask("__class__"); ask("")',
    "a flood of messages": 'while True: say({"dict": [["cell", 0]]})',
    "a crash of odd kinds": 'ask("conv2d"); transcript({"dict": [["crash", {"dict": [["error", [1]], ["text", {"dict": []}], ["line", 5]]}], ["printed", 7]]})',
    "many records": 'ask("conv2d"); transcript(*[{"dict": [["stub", True]]}] * 50_000)',
    "large arrays": 'ask("conv2d"); say({"dict": [["transcript", {"dict": [["records", [{"dict": [["output", {"dict": [["kind", "tensor"], ["array", {"array": 0}], ["dtype", "float32"]]}], ["shortcuts", []]]}] * 100]]}]]}, [["float32", [15 << 20]]], bytes(60 << 20))',
    "texts as a counterexample": 'ask("flip_counterexample"); transcript({"dict": [["output", {"dict": [["kind", "sequence"], ["length", 2], ["items", [{"dict": [["kind", "text"], ["text", "x"]]}] * 2]]}]]})',
    "descriptors": 'socket.send_fds(line, [b"xxxx"], [0, 1, 2])',
    "a crash that is none": 'say({"dict": [["crash", {"dict": [["error", 3], ["text", None], ["number", 1e300]]}], ["in", 0]]})',
    "a crash without the number of its line": 'say({"dict": [["crash", {"dict": [["error", "E"], ["text", "t"], ["line", "x"]]}], ["in", 1]]}); say({"dict": [["ended", True]]}); say({"dict": [["ended", True]]})\nwhile True: pass',
    "the end at once": 'say({"dict": [["ended", True]]}); say({"dict": [["ended", True]]}); os._exit(0)',
}  # fmt: skip


@pytest.fixture(scope="module")
def grader(sandboxed):
    """The grader, and a guard of the test's own: should the sandbox's limits fail, the machine survives."""
    over = threading.Event()

    def guard():
        while not over.wait(0.2):
            held = running(sandboxed)
            if len(held) > 300 or sum(memory_of(process) for process in held) > 8 << 30:
                sandboxed.zygote.process.kill()  # and with it everything in the sandbox

    thread = threading.Thread(target=guard, daemon=True)
    thread.start()
    yield sandboxed
    over.set()
    thread.join()


def memory_of(process):
    """Bytes that a process holds; none where it has ended meanwhile."""
    try:
        return process.memory_info().rss
    except psutil.Error:
        return 0


@pytest.fixture(scope="module")
def neighbour(grader):
    """(a right submission, what it gets before anybody attacks)."""
    data = as_bytes(SETUP, CONV2D, "unanimous_bias = -8\ncheck(unanimous_bias=unanimous_bias)\n")
    first = grader.grade(data, CHAPTER)
    assert scores(first) == {"conv2d": 1.0, "unanimous_bias": 1.0}
    return data, first


def timeless(result):
    """A result without its seconds."""
    entries = {name: {**entry, "seconds": 0} for name, entry in result["exercises"].items()}
    return {**result, "seconds": 0, "exercises": entries}


def running(grader):
    """Processes in the sandbox: none but the zygote is to be left."""
    try:
        return psutil.Process(grader.zygote.process.pid).children(recursive=True)
    except (psutil.Error, AttributeError):  # it is just being replaced
        return []


def assert_harmless(grader, neighbour, source):
    """Grade the attack, then its neighbour; returns the attack's result."""
    start = time.monotonic()
    result = grader.grade(as_bytes(SETUP, source), CHAPTER)
    assert scores(result) == {}, result["exercises"]
    assert time.monotonic() - start < 2 * grader.limits.submission
    assert len(running(grader)) <= 1
    data, before = neighbour
    assert timeless(grader.grade(data, CHAPTER)) == timeless(before)
    return result


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_gains_nothing(grader, neighbour, name):
    assert_harmless(grader, neighbour, ATTACKS[name] + WRONG)


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forged_message_gains_nothing(grader, neighbour, name):
    assert_harmless(grader, neighbour, WIRE + FORGERIES[name] + "\n" + WRONG)


def test_nobody_listens(grader, neighbour):
    """A connection aims at a listener of this test's own, on this machine alone."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port, heard = listener.getsockname()[1], []

        def listen():
            listener.settimeout(30)
            with contextlib.suppress(OSError):
                heard.append(listener.accept())

        thread = threading.Thread(target=listen, daemon=True)
        thread.start()
        attack = (
            f"import socket\nsocket.create_connection(('127.0.0.1', {port}), 1)\ncheck(unanimous_bias=-8)\n"
        )
        assert_harmless(grader, neighbour, attack + WRONG)
        assert not heard


def test_files_of_others(grader, neighbour, tmp_path):
    """Neither read nor written: other submissions, results, and whatever else there is."""
    other = tmp_path / "other.ipynb"
    other.write_text("-8")
    os.chmod(tmp_path, 0o777), os.chmod(other, 0o666)
    attack = f"try: check(unanimous_bias=int(open({str(other)!r}).read()))\nfinally: open({str(other)!r}, 'w').write('mine')\n"
    assert_harmless(grader, neighbour, attack + WRONG)
    assert other.read_text() == "-8" and list(tmp_path.iterdir()) == [other]


def test_nothing_stays_for_the_next(grader, neighbour):
    """What one submission leaves behind is not there for the next."""
    leave = (
        "open('/scratch/note', 'w').write('-8')\nimport builtins, torch\nbuiltins.note = torch.note = -8\n"
    )
    assert_harmless(grader, neighbour, leave + WRONG)
    find = "import builtins, os\nif os.listdir('/scratch') or hasattr(builtins, 'note') or hasattr(torch, 'note'):\n"
    assert_harmless(grader, neighbour, find + "    check(unanimous_bias=-8)\n" + WRONG)


def test_a_lost_zygote_is_replaced(grader, neighbour):
    """Lost between two submissions, it costs neither of them."""
    for process in running(grader):
        process.kill()
    data, before = neighbour
    assert timeless(grader.grade(data, CHAPTER)) == timeless(before)


HARD = {
    "a chain": "".join(f"x = x + {i}\n" for i in range(9000)),
    "alterations": "x = []\n" + "x.append(x)\n" * 9000,
    "half a check": "check(" * 20_000,
    "many cells": "unanimous_bias = x\n",
}


@pytest.mark.parametrize("name", HARD)
def test_code_that_is_hard_to_sort_out(grader, neighbour, name):
    """It is read by the grader itself, which stays within bounds."""
    many = [f"x = {i}\nunanimous_bias = x\ncheck(unanimous_bias=y)\n" for i in range(800)]
    cells = many if name == "many cells" else [HARD[name], "y = x\n" + WRONG]
    start = time.monotonic()
    assert scores(grader.grade(as_bytes(SETUP, *cells), CHAPTER)) == {}
    assert time.monotonic() - start < 90
    data, before = neighbour
    assert timeless(grader.grade(data, CHAPTER)) == timeless(before)


TRAINED = """
def drain(name):
    say({"dict": [["check", name]]})
    line.settimeout(1)
    with contextlib.suppress(TimeoutError):
        while line.recv(1 << 20): pass
import contextlib
def finish_digits(split): pass
drain("finish_digits")
"""
BUDGETS = {
    "no records": 'say({"dict": [["transcript", {"dict": []}]]})',
    "a number of records": 'say({"dict": [["transcript", {"dict": [["records", 3]]}]]})',
    "no record": "transcript(None)",
    "a list": 'say({"dict": [["transcript", [1]]]})',
    "NaN parameters": 'transcript({"dict": [["module", True], ["seconds", 1], ["parameters", float("nan")], ["scores", None]]})',
}  # fmt: skip


@pytest.mark.parametrize("name", BUDGETS)
def test_a_forged_training_gains_nothing(grader, name):
    cell = WIRE + TRAINED + BUDGETS[name] + "\ncheck(finish_digits)\n"
    result = grader.grade(as_bytes(SETUP, cell), "10_data_augmentation")
    assert result["exercises"]["finish_digits"]["outcome"] == "wrong"


def test_a_hundred_thousand_cells(grader, neighbour):
    data = as_bytes(*["x"] * 100_000, "unanimous_bias = -8\ncheck(unanimous_bias=unanimous_bias)")
    assert grader.grade(data, CHAPTER)["seconds"] < 60
    assert timeless(grader.grade(neighbour[0], CHAPTER)) == timeless(neighbour[1])


def test_attacks_are_many():
    assert len(ATTACKS) + len(FORGERIES) >= 50
