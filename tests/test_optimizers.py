"""Seven optimisers against torch.optim, step for step."""

import pytest
import torch

from cnncourse import optimizers
from cnncourse.optimizers import SEVEN, as_torch

STEPS = 60
SETTINGS = [
    ("gradient descent", {}, {}),
    ("momentum", {}, {}),
    ("momentum", {"decay": 0.5}, {"momentum": 0.5}),
    ("NAG", {}, {}),
    ("NAG", {"decay": 0.99}, {"momentum": 0.99, "nesterov": True}),
    ("AdaGrad", {}, {}),
    ("AdaGrad", {"epsilon": 0.01}, {"eps": 0.01}),
    ("RMSprop", {}, {}),
    ("RMSprop", {"decay": 0.5, "epsilon": 0.1}, {"alpha": 0.5, "eps": 0.1}),
    ("AdaDelta", {}, {}),
    ("AdaDelta", {"decay": 0.5, "epsilon": 0.01}, {"rho": 0.5, "eps": 0.01}),
    ("Adam", {}, {}),
    ("Adam", {"decay": 0.5, "decay_squares": 0.9, "epsilon": 0.1}, {"betas": (0.5, 0.9), "eps": 0.1}),
]


def wavy(p):
    """Curved, tilted and not quadratic, so that no gradient repeats."""
    return ((1 - p[0]) ** 2 + 3 * (p[1] - p[0] ** 2) ** 2 + torch.sin(2 * p).sum()).sum()


def start():
    return torch.tensor([[-1.2, 0.3], [0.7, -0.4]], dtype=torch.float64)


def path_of_ours(step, rate, options):
    p, state, path = start(), {}, []
    for _ in range(STEPS):
        leaf = p.clone().requires_grad_()
        (gradient,) = torch.autograd.grad(wavy(leaf), leaf)
        p, state = step(p, gradient, state, rate, **options)
        path.append(p)
    return torch.stack(path)


def path_of_torch(optimizer, rate, options):
    p, path = start().requires_grad_(), []
    opt = optimizer([p], lr=rate, **options)
    for _ in range(STEPS):
        opt.zero_grad()
        wavy(p).backward()
        opt.step()
        path.append(p.detach().clone())
    return torch.stack(path)


@pytest.mark.parametrize("rate", [0.003, 0.03])
@pytest.mark.parametrize(("name", "ours", "theirs"), SETTINGS, ids=str)
def test_every_step_is_torchs(name, ours, theirs, rate):
    step, optimizer, default = SEVEN[name]
    mine, torchs = path_of_ours(step, rate, ours), path_of_torch(optimizer, rate, {**default, **theirs})
    torch.testing.assert_close(mine, torchs, rtol=1e-10, atol=1e-12)
    assert (mine[-1] - start()).norm() > (1e-4 if name == "AdaDelta" else 0.01), "it went somewhere"


def test_the_seven_are_seven():
    steps = [step for step, *_ in SEVEN.values()]
    paths = [path_of_ours(step, 0.02, {}) for step in steps]
    assert len(SEVEN) == len(set(steps)) == 7
    for i, one in enumerate(paths):
        assert all((one - other).abs().max() > 0.01 for other in paths[:i])


@pytest.mark.parametrize("name", SEVEN)
def test_nothing_that_comes_in_is_changed(name):
    step, p, g = SEVEN[name][0], start(), start() + 1
    state = step(p, g, {}, 0.1)[1]
    kept = {k: v.clone() if torch.is_tensor(v) else v for k, v in state.items()}
    step(p, g, state, 0.1)
    assert torch.equal(p, start()) and torch.equal(g, start() + 1)
    assert all(torch.equal(torch.as_tensor(state[k]), torch.as_tensor(kept[k])) for k in kept)


@pytest.mark.parametrize("name", SEVEN)
def test_as_a_torch_optimizer(name):
    step, optimizer, options = SEVEN[name]
    nets = []
    for make in (as_torch(step), lambda ps, lr: optimizer(ps, lr=lr, **options)):
        torch.manual_seed(0)
        net = torch.nn.Sequential(torch.nn.Linear(5, 4), torch.nn.Tanh(), torch.nn.Linear(4, 1)).double()
        unused = torch.nn.Parameter(torch.ones(2))
        opt = make([*net.parameters(), unused], lr=0.05)
        x = torch.randn(20, 5, dtype=torch.float64)
        for _ in range(15):
            opt.zero_grad()
            (net(x) - x.sum(1, keepdim=True)).pow(2).mean().backward()
            opt.step()
        assert torch.equal(unused, torch.ones(2))
        nets.append(torch.nn.utils.parameters_to_vector(net.parameters()))
    torch.testing.assert_close(*nets, rtol=1e-10, atol=1e-12)


def test_options_reach_the_step():
    p = torch.nn.Parameter(torch.zeros(2))
    opt = as_torch(optimizers.momentum, decay=0.5)([p], lr=1.0)
    for _ in range(2):
        p.grad = torch.ones(2)
        opt.step()
    assert torch.equal(p, torch.full((2,), -2.5))  # 1, and then 0.5 + 1


def race(name, gradient, start, rate, steps=60):
    p, state = torch.tensor(start, dtype=torch.float64), {}
    for _ in range(steps):
        p, state = SEVEN[name][0](p, gradient(p), state, rate)
    return p


def test_what_chapter_04_says_of_the_race():
    ravine = {n: race(n, lambda p: p * torch.tensor([1.0, 25.0]), [-2.0, 1.0], 0.1)[1].abs() for n in SEVEN}
    assert min(ravine["gradient descent"], ravine["NAG"]) > 1e3 > 1 > ravine["momentum"]
    assert race("gradient descent", lambda p: 25 * p, [1.0], 0.079).abs() < 1

    plateau = {n: race(n, lambda p: 2 * p * torch.exp(-(p**2).sum()), [-1.8, 1.1], 0.02)[0] for n in SEVEN}
    assert max(plateau["gradient descent"], plateau["AdaDelta"]) < -1.7
    assert min(plateau["RMSprop"], plateau["Adam"]) > -0.5

    slope = lambda p: torch.stack([p[0], p[1] ** 3 - p[1]])  # noqa: E731
    ridge = {n: race(n, slope, [-2.0, 0.01], 0.02, 12)[1] for n in SEVEN}
    assert min(ridge["RMSprop"], ridge["Adam"]) > max(
        ridge[n] for n in ("gradient descent", "momentum", "NAG")
    )

    valleys = lambda p: torch.stack([p[0] ** 3 - p[0] + 0.15, p[1]])  # noqa: E731
    crossed = {rate: {n for n in SEVEN if race(n, valleys, [2.1, 1.2], rate)[0] < 0} for rate in (0.1, 0.3)}
    assert crossed == {0.1: {"NAG"}, 0.3: {"gradient descent", "NAG", "RMSprop", "Adam"}}
