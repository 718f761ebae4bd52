"""VGG's columns A, B, D and E against torchvision's vgg11, 13, 16 and 19, with and without batch norm."""

import pytest

from cnncourse import models

PEERS = {"vgg_a": "vgg11", "vgg_b": "vgg13", "vgg_d": "vgg16", "vgg_e": "vgg19"}
PEERS |= {f"{ours}_bn": f"{theirs}_bn" for ours, theirs in PEERS.items()}


@pytest.mark.parametrize("ours, theirs", PEERS.items(), ids=PEERS.values())
def test_vgg(torchvision, same_network, ours, theirs):
    same_network(lambda: models.build(ours), getattr(torchvision.models, theirs), side=64)


@pytest.mark.parametrize("ours, theirs", PEERS.items(), ids=PEERS.values())
def test_the_card_of_a_bn_form_quotes_the_published_weights(torchvision, ours, theirs):
    weights = torchvision.models.get_model_weights(theirs).IMAGENET1K_V1
    measured = weights.meta["_metrics"]["ImageNet-1K"]
    quoted = f"{100 - measured['acc@1']:.2f}/{100 - measured['acc@5']:.2f}" in models.CARDS[ours].error
    assert quoted == ours.endswith("_bn")  # the others quote the paper
