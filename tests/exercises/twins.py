"""Two networks that should be one."""

import torch


def same(ours, theirs, x, names=True):
    """Equal outputs and running statistics in both modes, the weights moved by name or else by order."""
    state = theirs.state_dict()
    if not names:
        state = dict(zip(ours.state_dict(), state.values(), strict=True))
    ours.load_state_dict(state, strict=True)
    for training in (False, True):
        got, want = ours.train(training)(x), theirs.train(training)(x)
        assert want.std() > 1e-3
        torch.testing.assert_close(got, want, rtol=1e-4, atol=1e-5)
    for got, want in zip(ours.state_dict().values(), theirs.state_dict().values(), strict=True):
        torch.testing.assert_close(got, want)
