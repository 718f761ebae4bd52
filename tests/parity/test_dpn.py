"""Dual path networks against timm's.

timm's code asks for an ELU after the last batch norm. Version 1.0.31 builds a ReLU all the same; to be
independent of that, it is asked for the ReLU, which the authors' code (github.com/cypw/DPNs) has.
"""

import pytest

from cnncourse import models

HEAVY = ["dpn92", "dpn98", "dpn131"]


@pytest.mark.parametrize("name", ["dpn68", *(pytest.param(n, marks=pytest.mark.slow) for n in HEAVY)])
def test_dpn(timm, same_network, name):
    same_network(lambda: models.build(name), lambda: timm.create_model(name, fc_act_layer="relu"), side=64)


@pytest.mark.parametrize("name", HEAVY)
def test_names_and_shapes(timm, same_names, name):
    same_names(lambda: models.build(name), lambda: timm.create_model(name))
