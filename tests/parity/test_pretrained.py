"""Our table of published weights, their preprocessing and class names against torchvision's own."""

import pytest
import torch

from cnncourse import pretrained

VGG = {"vgg_a": "vgg11", "vgg_b": "vgg13", "vgg_d": "vgg16", "vgg_e": "vgg19"}


def weights_of(torchvision, name):
    base = name.removesuffix("_bn")
    peer = VGG.get(base, base) + name[len(base) :]
    return torchvision.models.get_model_weights(peer).IMAGENET1K_V1


@pytest.mark.parametrize("name", pretrained.WEIGHTS)
def test_file_accuracy_and_size(torchvision, name):
    ours, theirs = pretrained.WEIGHTS[name], weights_of(torchvision, name)
    assert pretrained.ADDRESS + ours.file == theirs.url
    assert ours.top1 == theirs.meta["_metrics"]["ImageNet-1K"]["acc@1"]
    assert ours.megabytes == round(theirs.meta["_file_size"])


@pytest.mark.parametrize("size", [(300, 400), (411, 287)])
@pytest.mark.parametrize("name", pretrained.WEIGHTS)
def test_preprocessing(torchvision, name, size):
    """To 1e-5 on float images; GoogLeNet's second normalisation is a part of torchvision's network."""
    photo = torch.rand(3, *size, generator=torch.Generator().manual_seed(4))
    theirs = weights_of(torchvision, name).transforms()(photo)
    if name == "googlenet":
        theirs = torchvision.models.GoogLeNet(transform_input=True, init_weights=False)._transform_input(
            theirs[None]
        )[0]
    ours = pretrained.preprocessing(name)(photo)
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-5)


def test_class_names(torchvision):
    theirs = torchvision.models.ResNet18_Weights.IMAGENET1K_V1.meta["categories"]
    assert list(pretrained.imagenet_classes()) == list(theirs)
