"""ModelAtlas: a network's layers to scale, what each costs and sees, and its feature maps of a picture."""

import math

import traitlets as t

from ._explorer import Explorer, Whole

MEASURES = ("parameters", "multiply-adds", "activations")
QUIET = ("Flatten", "Identity", "Dropout", "Sequential", "ReLU", "Tanh", "Sigmoid")  # neither cost nor shape
MOST_MAPS, MOST_PIXELS = 12, 40  # shown of a layer, and the side that they are reduced to
GALLERY = ("lenet5", "alexnet_2012", "vgg_a", "vgg_d")


class ModelAtlas(Explorer):
    """Walk through the layers of networks: shape, parameters, multiply-adds, receptive field of each.

    `networks` is a name of `models.names()`, an `nn.Module`, a list of them, or a dictionary that titles
    them. A module needs `size`, one picture's (C, H, W), or a `picture` (C, H, W), whose feature maps are
    then shown for each layer. A name is not built for real, and costs no memory. `network` and `layer` count
    from 0, and `measure` is what the bars show. The numbers are those of `inspect_model`.
    """

    STATE = ("network", "layer", "measure")

    network = Whole(0, 0, 99).tag(sync=True)
    layer = Whole(0, 0, 999).tag(sync=True)
    measure = t.Enum(MEASURES, "parameters").tag(sync=True)
    # What is drawn: each network's title, its input's shape and a row for each layer; the maps as bytes.
    atlas = t.List(t.Dict()).tag(sync=True)
    pixels = t.Bytes(b"").tag(sync=True)

    def __init__(self, networks=GALLERY, size=None, picture=None, **options):
        if "atlas" in options or "pixels" in options:
            raise TypeError("ModelAtlas computes `atlas` and `pixels` itself, from `networks`.")
        album = bytearray()
        atlas = [_entry(title, net, size, picture, album) for title, net in _titled(networks)]
        if not atlas:
            raise ValueError("There is no network to show. Give one, or a name of cnncourse.models.names().")
        super().__init__(atlas=atlas, pixels=bytes(album), **options)

    @property
    def rows(self):
        """The layers of the chosen network, as dictionaries."""
        return self.atlas[self.network]["rows"]

    @t.validate("network")
    def _existing_network(self, proposal):
        return min(proposal["value"], max(0, len(self.atlas) - 1))

    @t.validate("layer")
    def _existing_layer(self, proposal):
        return min(proposal["value"], max(0, len(self.rows) - 1)) if self.atlas else proposal["value"]

    @t.observe("network")
    def _keep_layer(self, change):
        self.layer = min(self.layer, len(self.rows) - 1)


def _titled(networks):
    """Pairs of a title and a network, or its name."""
    if isinstance(networks, dict):
        return list(networks.items())
    several = list(networks) if isinstance(networks, (list, tuple)) else [networks]
    return [(net if isinstance(net, str) else type(net).__name__, net) for net in several]


def _entry(title, network, size, picture, album):
    """One network's title, input and rows; feature maps go to the end of `album`."""
    import torch

    from .. import models
    from ..inspection import inspect_model

    if isinstance(network, str):
        with torch.device("meta"):
            module = models.build(network)
        size, picture = models.CARDS[network].input, None
    else:
        module = network
    if picture is None and size is None:
        raise ValueError(f"Which pictures does {title} take? Give size=(C, H, W), or a picture.")
    shape = tuple(picture.shape) if picture is not None else tuple(size)
    rows = _rows(module, inspect_model(module, shape))
    if picture is not None:
        _add_maps(module, picture, rows, album)
    return {"title": title, "input": list(shape), "rows": rows}


def _rows(module, table):
    """What is drawn of the layers that cost something or change the shape."""
    own = {name or type(module).__name__: part for name, part in module.named_modules()}
    return [
        {
            "name": layer.name,
            "kind": layer.kind,
            "shape": list(layer.output[1:]),
            "parameters": layer.parameters,
            "multiply-adds": layer.macs,
            "activations": math.prod(layer.output[1:]),
            "sees": _sees(layer.field),
        }
        for layer in table
        if layer.output is not None
        and layer.kind not in QUIET
        and (layer.parameters or layer.macs or not any(True for _ in own[layer.name].children()))
    ]


def _sees(field):
    """Rows and columns that a value sees; [] where it sees everything or it cannot be told."""
    if field is None or field == "all":
        return []
    return list(field.size) if isinstance(field.size, tuple) else [field.size, field.size]


def _add_maps(module, picture, rows, album):
    """Run the network on one picture, and keep the first maps of every layer that has maps."""
    import torch

    parts, seen = dict(module.named_modules()), {}

    def keep(name):
        def hook(part, given, output):
            seen[name] = output[0].detach().clone()  # a ReLU in place may follow

        return hook

    hooked = [row["name"] for row in rows if row["name"] in parts and len(row["shape"]) == 3]
    hooks = [parts[name].register_forward_hook(keep(name)) for name in hooked]
    training = {part: part.training for part in module.modules()}
    try:
        with torch.no_grad():
            like = next(module.parameters(), picture)
            module.eval()(picture[None].to(like.device, like.dtype))
    finally:
        for hook in hooks:
            hook.remove()
        for part, was in training.items():
            part.training = was
    for row in rows:
        if row["name"] in seen:
            row["maps"] = _pack(seen[row["name"]].float().cpu(), album)


def _pack(maps, album):
    """Put the first maps (C, H, W) into the album as bytes; return where, and how bright 255 is."""
    import torch.nn.functional as F

    maps = maps[:MOST_MAPS]
    if max(maps.shape[1:]) > MOST_PIXELS:
        scale = MOST_PIXELS / max(maps.shape[1:])
        small = [max(1, round(side * scale)) for side in maps.shape[1:]]
        maps = F.adaptive_avg_pool2d(maps, small)
    largest = float(maps.abs().max())
    whole = (maps / (largest or 1) * 127).round().to(dtype=maps.dtype) + 128
    at = len(album)
    album += whole.byte().numpy().tobytes()
    return {"at": at, "count": len(maps), "size": list(maps.shape[1:]), "largest": largest}
