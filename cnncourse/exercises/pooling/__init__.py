"""Exercises of chapter 03, in the chapter's order."""

from .windows import average_pool, global_average_pool, max_pool, overlapping_max_pool  # isort: skip
from .gradient import max_pool_gradient  # isort: skip
from .stochastic import expected_pool, stochastic_pool  # isort: skip
from .lost import pooled_twins, relu_average, steadiest  # isort: skip
from .networks import SmallNetwork, dense_without_pool  # isort: skip

__all__ = [
    "SmallNetwork",
    "average_pool",
    "dense_without_pool",
    "expected_pool",
    "global_average_pool",
    "max_pool",
    "max_pool_gradient",
    "overlapping_max_pool",
    "pooled_twins",
    "relu_average",
    "steadiest",
    "stochastic_pool",
]
