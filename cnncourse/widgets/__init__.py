"""Explorable pictures: drag, type and see; the arithmetic runs in the browser, the state is readable here."""

import importlib

# A new widget is its pair NAME.py and NAME.js, and one line here.
_WIDGETS = {
    "ConvStepper": "conv_stepper",
    "KernelLab": "kernel_lab",
    "ChannelMixer": "channel_mixer",
    "ReceptiveField": "receptive_field",
    "PoolLab": "pool_lab",
    "GradientFlow": "gradient_flow",
    "OptimizerRace": "optimizer_race",
    "ModelAtlas": "model_atlas",
    "FreezeLab": "freeze_lab",
    "CostLab": "cost_lab",
    "DeformableSampler": "deformable_sampler",
    "AugmentStudio": "augment_studio",
}
__all__ = list(_WIDGETS)


def __getattr__(name):
    """Load a widget, and anywidget with it, when it is first used."""
    if name in _WIDGETS:
        return getattr(importlib.import_module(f".{_WIDGETS[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted([*globals(), *__all__])
