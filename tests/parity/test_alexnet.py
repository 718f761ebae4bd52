"""AlexNet in torchvision's form: its weights load strictly both ways, and give its outputs."""

from cnncourse import models


def test_alexnet(torchvision, same_network):
    same_network(lambda: models.build("alexnet"), torchvision.models.alexnet, side=160)  # 4×4 to 6×6


def test_the_card_quotes_the_published_weights(torchvision):
    measured = torchvision.models.AlexNet_Weights.IMAGENET1K_V1.meta["_metrics"]["ImageNet-1K"]
    top1, top5 = 100 - measured["acc@1"], 100 - measured["acc@5"]
    assert f"{top1:.2f}/{top5:.2f}" in models.CARDS["alexnet"].error
