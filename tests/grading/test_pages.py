"""Pages that tell a student what differed, and nothing of a hidden example."""

import re

import pytest

from cnncourse.exercises import EXERCISES
from cnncourse.grading import feedback, overview, reports
from cnncourse.grading._public import public
from tests.grading.fake import entry
from tests.grading.test_tables import book, person, record

EVIL = '"><img src=x onerror=alert(1)></pre><script>document.title="owned"</script>&<b>`'
SEED = 5


def graded(exercise, candidate):
    """What a grader reports of a candidate on hidden examples."""
    verdict = exercise.judge(exercise.probe(candidate, SEED), SEED)
    about = {"outcome": verdict.outcome, "message": verdict.message, "difference": verdict.difference}
    return entry(**about, mistake=verdict.mistake, printed=verdict.printed, crash=verdict.crash)


def numbers(text):
    return re.findall(r"\d+\.\d+", text)


def leak_by_raising(*inputs):
    raise ValueError(str(inputs[0]))


def leak_by_printing(*inputs):
    print(inputs[0])
    return inputs[0]


@pytest.mark.parametrize("name", ["conv2d", "conv_layer", "im2col", "neuron"])
@pytest.mark.parametrize("leak", [leak_by_raising, leak_by_printing, lambda *inputs: inputs[0].sum()])
def test_nothing_of_a_hidden_example_is_shown(name, leak):
    exercise = EXERCISES[name]
    told = graded(exercise, leak)
    page = feedback._card(name, told, exercise).replace(EXERCISES[name].source, "")
    hidden = {f"{value:.4g}" for x in exercise.inputs(SEED) for t in x if hasattr(t, "flatten")
              for value in t.flatten().tolist()}  # fmt: skip
    assert told["outcome"] in ("wrong", "crashed")
    said = " ".join(public(told, exercise))
    assert not numbers(said) and not hidden & set(re.findall(r"-?\d+\.\d+", page.split("<details>")[0]))


@pytest.mark.parametrize("name", ["conv2d", "pad", "stochastic_pool", "neuron"])
def test_a_mistake_is_told_with_its_message(name):
    exercise = EXERCISES[name]
    for mistake in exercise.mistakes:
        told = graded(exercise, mistake.candidate)
        assert public(told, exercise)[0] == told["message"]


def test_a_shape_is_told():
    told = graded(EXERCISES["conv2d"], lambda image, kernel: image)
    assert "shape" in " ".join(public(told, EXERCISES["conv2d"]))


@pytest.mark.parametrize(
    "name",
    ["../../etc/passwd", "/etc/x", "C:\\x", "con", "NUL.txt", "a" * 400, "", ".", "..", ".hidden", "김민지",
     EVIL, "a\nb", "trailing.", "x/y"],
)  # fmt: skip
def test_file_names_are_safe_whatever_a_student_is_called(name):
    made = feedback.file_name(name)
    assert re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,79}", made) and made != name
    assert made.split(".")[0].lower() not in feedback.RESERVED


def test_file_names_are_kept_where_they_can_be_and_never_meet():
    class Somebody:
        def __init__(self, name):
            self.name = name

    names = ["Alice", "alice", "al ice", "al-ice", "al/ice"]
    made = feedback.file_names(list(map(Somebody, names)))
    assert made[0] == "Alice" and len({name.casefold() for name in made}) == len(names)


def hostile(folder):
    """Reports of a class in which every text means harm."""
    told = entry(outcome="wrong", message=EVIL, difference=EVIL, flags=[EVIL], answer=EVIL, printed=EVIL,
                 crash={"error": EVIL, "text": EVIL, "line": EVIL, "number": EVIL}, mistake=None)  # fmt: skip
    bad = record(EVIL, 1.0, 0.0, file=EVIL)
    bad["grade"] |= {"problem": EVIL, "level": EVIL}
    bad["grade"]["exercises"] = {
        EVIL: told,
        "conv2d": {**told, "outcome": "crashed"},
        "x": {**told, "mistake": 0},
    }
    book(folder, [bad], [person(EVIL, EVIL), person("b" + EVIL, EVIL)], [EVIL])
    reports.write(folder)
    return [folder / "class.html", *sorted((folder / "feedback").iterdir())]


def test_everything_is_escaped(tmp_path):
    for path in hostile(tmp_path):
        text = path.read_text(encoding="utf-8")
        assert "<script" not in text and "<img" not in text and "onerror" in text
        assert "default-src 'none'" in text and "script-src" not in text


def test_a_report_says_at_what_level_and_what_that_means(tmp_path):
    book(tmp_path, [record("al", 1.0, 0.0, late=True)], [person("al"), person("bo", "Bo B")])
    assert reports.write(tmp_path)
    for path in (tmp_path / "class.html", tmp_path / "feedback" / "al.html"):
        assert "<b>local</b> (1): submissions ran as ordinary programs" in path.read_text()
    assert "Not handed in" in (tmp_path / "class.html").read_text()
    assert "01_convolution: Bo B" in (tmp_path / "class.html").read_text()
    assert "Handed in late</h2><ul><li>01_convolution: al<" in (tmp_path / "class.html").read_text()
    assert "handed in late" in (tmp_path / "feedback" / "al.html").read_text()


def test_the_class_page_counts_mistakes(tmp_path):
    wrong = entry(outcome="wrong", message="You flipped the kernel.", mistake=0)
    records = [record(name, 1.0, 0.0) for name in "abc"]
    for one in records[:2]:
        one["grade"]["exercises"]["impulse"] = wrong
    records[2]["grade"]["exercises"]["impulse"] = entry(outcome="timed out")
    text = overview.class_page(book(tmp_path, records))
    assert "2 × You flipped the kernel." in text and "1 × Timed out." in text
    assert 'aria-label="impulse: 2 wrong or crashed, 1 timed out"' in text


def test_what_an_author_wrote_about_a_right_answer_keeps_its_numbers():
    told = entry(outcome="passed", message="Right: 150529000.", difference="It is 0.25 of 602116000.")
    assert public(told)[:2] == ("Right: 150529000.", "It is 0.25 of 602116000.")
    assert public({**told, "outcome": "wrong"})[1] == "It is … of …."


def test_what_a_child_says_of_a_crash_cannot_carry_an_example():
    from cnncourse.exercises import EXERCISES

    numbers = "3 1 4 1 5 " * 60
    crash = {"error": numbers + "92653", "text": "0.25 " * 100, "line": f"x = {numbers} 0.12345", "number": 3}
    told = entry(outcome="crashed", message="A crash.", crash=crash, answer="def conv2d(): pass")
    message, _, line = public(told, EXERCISES["conv2d"])
    assert len(message) < 300 and len(line) < 300 and "92653" not in message and "0.12345" not in line
    honest = {**crash, "line": "return x / 0.25"}
    told = entry(outcome="crashed", crash=honest, answer="def f(x):\n    return x / 0.25")
    assert public(told, EXERCISES["conv2d"])[2] == "line 3: return x / 0.25"


def test_a_message_made_to_be_hard_to_mask_costs_no_time():
    from time import process_time

    start = process_time()
    public(entry(outcome="wrong", message=", the first at []: , expected " * 133), None)
    assert process_time() - start < 1
