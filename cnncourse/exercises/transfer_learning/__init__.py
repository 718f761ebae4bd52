"""Exercises of chapter 09, in the chapter's order."""

from .prepare import prepare, safe_file  # isort: skip
from .heads import head_parameters, replace_head  # isort: skip
from .audit import moved  # isort: skip
from .freezing import freeze, late_thaw, train_mode  # isort: skip
from .features import cache_features  # isort: skip
from .rates import parameter_groups  # isort: skip
from .regimes import few_labels, which_freeze  # isort: skip

__all__ = [
    "cache_features",
    "few_labels",
    "freeze",
    "head_parameters",
    "late_thaw",
    "moved",
    "parameter_groups",
    "prepare",
    "replace_head",
    "safe_file",
    "train_mode",
    "which_freeze",
]
