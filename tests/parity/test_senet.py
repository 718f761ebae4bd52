"""SE-ResNet-50 and SENet-154 against timm's, and squeeze-and-excitation attached to torchvision's ResNet."""

import pytest

from cnncourse import models
from cnncourse.models.senet import attach


def test_se_resnet50(timm, same_network):
    """timm's has dropout .2 before the classifier; in the paper only SENet-154 has."""
    theirs = lambda: timm.create_model("legacy_seresnet50", drop_rate=0.0)  # noqa: E731
    same_network(lambda: models.build("se_resnet50"), theirs, side=64)


@pytest.mark.slow
def test_senet154(timm, same_network):
    same_network(lambda: models.build("senet154"), lambda: timm.create_model("legacy_senet154"), side=64)


def test_names_and_shapes_of_senet154(timm, same_names):
    same_names(lambda: models.build("senet154"), lambda: timm.create_model("legacy_senet154"))


def test_attached_to_torchvisions_blocks(timm, torchvision, same_network):
    """torchvision's blocks with our squeeze-and-excitation are timm's `seresnet50`, but for the names."""

    def ours():
        model = torchvision.models.resnet50()
        for block in (b for i in range(1, 5) for b in model.get_submodule(f"layer{i}")):
            attach(block)
            block.se, block.bn3 = block.bn3[1], block.bn3[0]
            block.bn3.register_forward_hook(lambda _, __, out, se=block.se: se(out))
        return model

    same_network(ours, lambda: timm.create_model("seresnet50"), side=64)
