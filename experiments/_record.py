"""Run an experiment seed by seed and keep what it finds: the scripts of this folder call `record`.

`experiments/results/NAME.json` has the script's sha256, settings, seeds and versions, and for every figure
its mean, its 95 % interval over the seeds (Student's t) and the value of each seed. It is written after each
seed, whole or not at all, so that an interrupted run goes on where it was.
"""

import hashlib
import inspect
import json
import os
import platform
from pathlib import Path

import torch
from scipy import stats
from tqdm import tqdm

RESULTS = Path(__file__).parent / "results"


def record(run, *, seeds, settings=None):
    """Call `run(seed)`, a dict of numbers by name, for every seed that the file does not have yet.

    The file is named after the script that calls. Returns what it holds. A changed script begins anew.
    """
    script = Path(inspect.getfile(run))
    path, seeds = RESULTS / f"{script.stem}.json", list(seeds)
    head = {"script": f"experiments/{script.name}", "sha256": sha256(script), "settings": settings or {}}
    values = _kept(path, head)
    for seed in tqdm(seeds, desc=script.stem, unit="seed"):
        if str(seed) not in values:
            values[str(seed)] = {name: float(value) for name, value in run(seed).items()}
        done = [s for s in seeds if str(s) in values]
        _write(path, {**head, "seeds": done, "versions": _versions(), "results": _summary(values, done)})
    return json.loads(path.read_text(encoding="utf-8"))


def sha256(script):
    """Fingerprint of a script's text."""
    return hashlib.sha256(script.read_text(encoding="utf-8").encode()).hexdigest()


def _kept(path, head):
    """{seed: {figure: value}} of an earlier run of the same script."""
    if not path.is_file():
        return {}
    before = json.loads(path.read_text(encoding="utf-8"))
    if any(before.get(key) != value for key, value in head.items()):
        return {}
    return {
        str(seed): {name: figure["values"][i] for name, figure in before["results"].items()}
        for i, seed in enumerate(before["seeds"])
    }


def _summary(values, seeds):
    return {name: _figure([values[str(seed)][name] for seed in seeds]) for name in values[str(seeds[0])]}


def _figure(values):
    mean = sum(values) / len(values)
    spread = torch.tensor(values, dtype=torch.float64).std().item() if len(values) > 1 else 0.0
    half = stats.t.ppf(0.975, len(values) - 1) * spread / len(values) ** 0.5 if len(values) > 1 else 0.0
    interval = [round(mean - half, 6), round(mean + half, 6)]
    return {"mean": round(mean, 6), "interval": interval, "values": [round(v, 6) for v in values]}


def _versions():
    return {"python": platform.python_version(), "torch": torch.__version__.partition("+")[0]}


def _write(path, content):
    path.parent.mkdir(exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        temporary.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
