"""GoogLeNet in torchvision's form, auxiliary heads in training included."""

import torch

from cnncourse import models


def test_googlenet(torchvision, same_network):
    theirs = lambda: torchvision.models.googlenet(init_weights=False, aux_logits=True)  # noqa: E731
    same_network(lambda: models.build("googlenet"), theirs, side=64, batch=4)


def test_without_heads(torchvision, same_network):
    theirs = lambda: torchvision.models.googlenet(init_weights=False, aux_logits=False)  # noqa: E731
    same_network(lambda: models.build("googlenet", aux=False), theirs, side=64, batch=4)


def test_the_paper_form_has_the_same_names_and_a_larger_kernel(torchvision):
    with torch.device("meta"):
        theirs = torchvision.models.googlenet(init_weights=False, aux_logits=True).state_dict()
        ours = models.build("googlenet_2014").state_dict()
    weights = {name: tensor for name, tensor in theirs.items() if ".bn." not in name}
    assert {name for name in ours if not name.endswith("conv.bias")} == set(weights)
    differ = {name for name, tensor in weights.items() if ours[name].shape != tensor.shape}
    assert differ == {name for name in weights if name.endswith("branch3.1.conv.weight")}
    assert len(differ) == 9


def test_the_card_quotes_the_published_weights(torchvision):
    measured = torchvision.models.GoogLeNet_Weights.IMAGENET1K_V1.meta["_metrics"]["ImageNet-1K"]
    top1, top5 = 100 - measured["acc@1"], 100 - measured["acc@5"]
    assert f"{top1:.2f}/{top5:.2f}" in models.CARDS["googlenet"].error
