"""Results of the longer runs, as the scripts in `experiments/` wrote them: `recorded("degradation")`."""

import json

from ._course import results_folder


def recorded(name):
    """What `experiments/NAME.py` found: settings, seeds, versions, and every figure with its interval.

    `recorded(name)["results"][figure]` has `mean`, `interval` (95 %, over seeds) and `values` (one a seed).
    Raises ValueError for a run that is not there, and names those that are.
    """
    path = results_folder() / f"{name}.json"
    if not path.is_file():
        there = ", ".join(sorted(other.stem for other in results_folder().glob("*.json"))) or "none"
        raise ValueError(f"There is no recorded run {name!r}. There are: {there}.")
    return json.loads(path.read_text(encoding="utf-8"))
