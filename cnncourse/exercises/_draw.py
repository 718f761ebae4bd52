"""What an exercise draws its examples with: seeded, never constant."""

import torch


class Draw:
    """Seeded numbers for examples: `draw(2, 3)` is a (2, 3) tensor of normal float32 numbers."""

    def __init__(self, seed):
        self.generator = torch.Generator().manual_seed(1_000_003 * seed + 17)

    def __call__(self, *shape, dtype=torch.float32):
        return torch.randn(shape, generator=self.generator, dtype=torch.float64).to(dtype)

    def uniform(self, *shape, low=0.0, high=1.0, dtype=torch.float32):
        """Numbers between `low` and `high`."""
        numbers = torch.rand(shape, generator=self.generator, dtype=torch.float64)
        return (low + (high - low) * numbers).to(dtype)

    def integers(self, *shape, low=0, high=10):
        """Whole numbers from `low` up to, not including, `high`, as int64."""
        return torch.randint(low, high, shape, generator=self.generator)

    def integer(self, low, high):
        """One Python int from `low` up to, not including, `high`."""
        return int(self.integers(low=low, high=high))

    def choice(self, options):
        """One of `options`."""
        return options[self.integer(0, len(options))]

    def permutation(self, n):
        """0 … n−1 in random order, as int64."""
        return torch.randperm(n, generator=self.generator)
