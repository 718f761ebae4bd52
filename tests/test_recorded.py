"""Recorded results belong to the scripts that are there, and hold what they say."""

import importlib.util
import json
from pathlib import Path

import pytest

from cnncourse import recorded

EXPERIMENTS = Path(__file__).resolve().parent.parent / "experiments"
SCRIPTS = sorted(path for path in EXPERIMENTS.glob("*.py") if not path.name.startswith("_"))


def load(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def recording(tmp_path, monkeypatch):
    module = load(EXPERIMENTS / "_record.py")
    monkeypatch.setattr(module, "RESULTS", tmp_path)
    return module


@pytest.fixture
def coin(tmp_path):
    script = tmp_path / "coin.py"
    script.write_text("def run(seed):\n    return {'half': seed / 2, 'one': 1}\n")
    return script


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_a_recorded_result_is_that_of_the_script_as_it_is(script, recording):
    found = recorded(script.stem)
    assert found["sha256"] == recording.sha256(script), f"run experiments/{script.name} again"
    assert found["versions"] and found["results"]
    for figure in found["results"].values():
        assert len(figure["values"]) == len(found["seeds"])
        low, high = figure["interval"]
        assert low - 1e-5 <= figure["mean"] <= high + 1e-5
        assert figure["mean"] == pytest.approx(sum(figure["values"]) / len(figure["values"]), abs=1e-5)


def test_every_result_has_its_script():
    assert {path.stem for path in (EXPERIMENTS / "results").glob("*.json")} == {path.stem for path in SCRIPTS}


def test_mean_and_interval(recording, coin):
    found = recording.record(load(coin).run, seeds=range(5))
    assert found["results"]["half"]["mean"] == 1.0
    # standard deviation 0.7906 of 0, ½, 1, 1½, 2; t(0.975, 4) = 2.7764; 2.7764 · 0.7906 / √5 = 0.9816
    assert found["results"]["half"]["interval"] == pytest.approx([1 - 0.98162, 1 + 0.98162], abs=1e-4)
    assert found["results"]["one"]["interval"] == [1.0, 1.0]


def test_an_interrupted_run_goes_on_and_a_changed_script_begins_anew(recording, coin):
    run = load(coin).run
    recording.record(run, seeds=range(2))
    asked = []

    def counted(seed):
        asked.append(seed)
        return run(seed)

    counted.__code__ = counted.__code__.replace(co_filename=str(coin))
    assert recording.record(counted, seeds=range(4))["seeds"] == [0, 1, 2, 3]
    assert asked == [2, 3]
    coin.write_text(coin.read_text() + "# another text\n")
    recording.record(counted, seeds=range(4))
    assert asked == [2, 3, 0, 1, 2, 3]


def test_a_run_that_is_not_there_is_named():
    with pytest.raises(ValueError, match="no recorded run 'nothing'"):
        recorded("nothing")


def test_results_are_plain_json():
    for path in (EXPERIMENTS / "results").glob("*.json"):
        json.loads(path.read_text(encoding="utf-8"), parse_constant=lambda name: pytest.fail(name))
