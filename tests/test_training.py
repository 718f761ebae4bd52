import io
import math
import os
import signal
import sys
from functools import partial

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from cnncourse import _cpus, _device, _notebook, data, training
from cnncourse.data import Split


def lenet():
    """LeNet-5 as it is usually redrawn: 61,706 parameters, tanh and average pooling."""
    return nn.Sequential(
        nn.Conv2d(1, 6, 5), nn.Tanh(), nn.AvgPool2d(2),
        nn.Conv2d(6, 16, 5), nn.Tanh(), nn.AvgPool2d(2),
        nn.Flatten(), nn.Linear(400, 120), nn.Tanh(), nn.Linear(120, 84), nn.Tanh(), nn.Linear(84, 10),
    )  # fmt: skip


@pytest.fixture
def model():
    torch.manual_seed(1)
    return nn.Sequential(nn.Flatten(), nn.Linear(12, 8), nn.ReLU(), nn.Linear(8, 3))


@pytest.fixture
def split():
    """100 pictures whose class can be read off: the brightest of three rows."""
    generator = torch.Generator().manual_seed(2)
    images = torch.rand(100, 1, 3, 4, generator=generator)
    return Split(images, images.sum((1, 3)).argmax(1))


def weights(model):
    return torch.cat([p.detach().flatten().clone() for p in model.parameters()])


# --- it learns


def test_lenet_learns_the_digits():
    """95 % is six standard errors of 500 examples below the mean of 20 seeds: 98.5 %, deviation 0.3."""
    digits = data.digits()
    torch.manual_seed(0)
    model = lenet()
    assert sum(p.numel() for p in model.parameters()) == 61706
    history = training.train(model, digits.train, epochs=12, learning_rate=5e-3, schedule="one-cycle")
    assert training.evaluate(model, digits.test).accuracy >= 0.95
    assert history.loss[-1] < history.loss[0] / 5
    assert history.accuracy[-1] > 0.95


def test_train_is_the_loop_written_out(model, split):
    """One epoch equals the same steps by hand, to the last bit."""
    twin = nn.Sequential(nn.Flatten(), nn.Linear(12, 8), nn.ReLU(), nn.Linear(8, 3))
    twin.load_state_dict(model.state_dict())
    make = partial(torch.optim.SGD, lr=0.1, momentum=0.9)
    training.train(model, split, epochs=2, batch_size=32, optimizer=make, seed=5, device="cpu")
    torch.manual_seed(5)
    optimizer = make(twin.parameters())
    for _ in range(2):
        for chosen in torch.randperm(100).split(32):
            optimizer.zero_grad()
            F.cross_entropy(twin(split.images[chosen]), split.labels[chosen]).backward()
            optimizer.step()
    assert torch.equal(weights(model), weights(twin))


def test_train_repeats_with_the_same_seed_only(split):
    def run(seed):
        torch.manual_seed(0)
        model = nn.Sequential(nn.Flatten(), nn.Dropout(0.5), nn.Linear(12, 3))
        history = training.train(model, split, epochs=2, seed=seed, device="cpu")
        return weights(model), history.batch_loss

    first, again, other = run(1), run(1), run(2)
    assert torch.equal(first[0], again[0]) and first[1] == again[1]
    assert not torch.equal(first[0], other[0])


def test_train_leaves_the_random_state_alone(model, split):
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    training.train(model, split, epochs=1, seed=3)
    assert torch.equal(torch.rand(3), expected)


def test_a_last_batch_of_one_is_left_out(split):
    """Batch norm cannot train on one example: 100 = 3 · 33 + 1."""
    model = nn.Sequential(nn.Flatten(), nn.Linear(12, 4), nn.BatchNorm1d(4), nn.Linear(4, 3))
    history = training.train(model, split, epochs=1, batch_size=33)
    assert len(history.batch_loss) == 3
    sizes = [len(batch.labels) for batch in training._shuffled(split, 40)]
    assert sizes == [40, 40, 20]
    assert len(list(training._shuffled(split, 1))) == 100
    assert [len(b.labels) for b in training._shuffled(Split(split.images[:1], split.labels[:1]), 8)] == [1]


def test_every_example_is_seen_once_an_epoch(split):
    seen = torch.cat([batch.images for batch in training._shuffled(split, 40)]).flatten(1)
    assert torch.equal(seen.sort(0).values, split.images.flatten(1).sort(0).values)


# --- history


def test_history_has_an_entry_an_epoch(model, split):
    history = training.train(model, split, epochs=3, batch_size=40, validation=split)
    for name in ("loss", "accuracy", "validation_loss", "validation_accuracy", "learning_rate", "seconds"):
        assert len(getattr(history, name)) == 3, name
    assert len(history.batch_loss) == 9
    assert history.seconds == sorted(history.seconds)
    mean = sum(loss * size for loss, size in zip(history.batch_loss[:3], (40, 40, 20), strict=True)) / 100
    assert math.isclose(history.loss[0], mean)
    final = training.evaluate(model, split)
    assert history.validation_loss[-1] == pytest.approx(final.loss)
    assert history.validation_accuracy[-1] == final.accuracy
    assert "3 epochs" in repr(history) and "validation accuracy" in repr(history)


def test_on_epoch_sees_the_history_grow(model, split):
    lengths = []
    training.train(model, split, epochs=3, on_epoch=lambda history: lengths.append(len(history.loss)))
    assert lengths == [1, 2, 3]


def test_ctrl_c_returns_the_history_so_far(model, split):
    """A real interrupt, in the middle of the third epoch."""
    batches = 0

    def augment(images):
        nonlocal batches
        batches += 1
        if batches == 6:
            signal.raise_signal(signal.SIGINT)
        return images

    before = weights(model)
    history = training.train(model, split, epochs=10, batch_size=50, augment=augment, validation=split)
    assert history.interrupted
    assert len(history.loss) == len(history.validation_loss) == 2
    assert len(history.batch_loss) == 4
    assert "interrupted" in repr(history)
    assert not torch.equal(before, weights(model))
    assert not training.train(model, split, epochs=1).interrupted


def test_interrupted_before_the_first_epoch(model, split):
    def augment(images):
        raise KeyboardInterrupt

    history = training.train(model, split, epochs=2, augment=augment)
    assert repr(history) == "History(no epoch finished, interrupted)"


def test_a_loss_that_is_not_finite_says_what_to_try(model, split):
    poisoned = Split(split.images.clone(), split.labels)
    poisoned.images[50] = math.inf
    with pytest.raises(
        training.Diverged, match=r"nan in epoch 1, batch \d.*learning rate ten times smaller"
    ) as e:
        training.train(model, poisoned, epochs=2, learning_rate=0.125)
    assert "0.125" in str(e.value)
    assert e.value.history.loss == []


# --- arguments


def test_learning_rate_goes_to_the_optimizer_that_is_named(model, split):
    history = training.train(model, split, epochs=1, optimizer=torch.optim.SGD, learning_rate=0.25)
    assert history.learning_rate == [0.25]
    assert training.train(model, split, epochs=1).learning_rate == [1e-3]


def test_parameter_groups_keep_their_rates(model, split):
    def groups(parameters):
        return torch.optim.SGD([{"params": [p], "lr": 0.1 / (k + 1)} for k, p in enumerate(parameters)], lr=1)

    made = []

    def schedule(optimizer, steps):
        made.append((optimizer, steps))
        return torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 0.5**step)

    history = training.train(model, split, epochs=2, batch_size=50, optimizer=groups, schedule=schedule)
    (optimizer, steps), *_ = made
    assert steps == 4
    assert [g["initial_lr"] for g in optimizer.param_groups] == pytest.approx([0.1, 0.05, 0.1 / 3, 0.025])
    assert history.learning_rate == pytest.approx([0.1 / 4, 0.1 / 16])


def test_one_cycle_goes_up_and_down_and_leaves_momentum(model, split):
    seen = []

    class Watched(torch.optim.SGD):
        def step(self, *arguments, **named):
            seen.append((self.param_groups[0]["lr"], self.param_groups[0]["momentum"]))
            return super().step(*arguments, **named)

    training.train(
        model, split, epochs=10, batch_size=10, optimizer=Watched, learning_rate=0.1, schedule="one-cycle"
    )
    rates, momenta = zip(*seen, strict=True)
    top = rates.index(max(rates))
    assert len(rates) == 100 and max(rates) == pytest.approx(0.1, rel=1e-3)
    assert list(rates[: top + 1]) == sorted(rates[: top + 1])
    assert list(rates[top:]) == sorted(rates[top:], reverse=True)
    assert rates[-1] < 1e-5 and set(momenta) == {0}


def test_weight_decay_by_a_factory(model, split):
    decayed = nn.Sequential(nn.Flatten(), nn.Linear(12, 8), nn.ReLU(), nn.Linear(8, 3))
    decayed.load_state_dict(model.state_dict())
    training.train(model, split, epochs=20, learning_rate=0.01, optimizer=torch.optim.AdamW)
    heavy = partial(torch.optim.AdamW, weight_decay=1.0)
    training.train(decayed, split, epochs=20, learning_rate=0.01, optimizer=heavy)
    assert weights(decayed).norm() < weights(model).norm()


def test_augment_changes_what_is_learnt(model, split):
    shapes = []

    def darken(images):
        shapes.append(images.shape)
        return images * 0

    history = training.train(model, split, epochs=30, batch_size=50, augment=darken, learning_rate=0.05)
    assert shapes[0] == (50, 1, 3, 4)
    # Black pictures leave only the class frequencies to learn.
    assert history.accuracy[-1] <= split.labels.bincount().max() / 100 + 1e-9


def test_frozen_parameters_do_not_move(model, split):
    for parameter in model[1].parameters():
        parameter.requires_grad = False
    frozen, free = model[1].weight.detach().clone(), model[3].weight.detach().clone()
    training.train(model, split, epochs=1, optimizer=partial(torch.optim.AdamW, weight_decay=0.1))
    assert torch.equal(frozen, model[1].weight) and not torch.equal(free, model[3].weight)
    with pytest.raises(ValueError, match="requires_grad=True"):
        training.train(model.requires_grad_(False), split, epochs=1)


def test_modes_are_respected_and_restored(split):
    model = nn.Sequential(nn.Flatten(), nn.Linear(12, 4), nn.BatchNorm1d(4), nn.Dropout(), nn.Linear(4, 3))
    model[2].eval()  # frozen on purpose
    running = model[2].running_mean.clone()
    training.train(model, split, epochs=1, validation=split)
    assert torch.equal(model[2].running_mean, running)
    assert [m.training for m in model] == [True, True, False, True, True]
    model.eval()
    training.train(model, split, epochs=1)  # a model left in evaluation mode trains all the same
    assert not torch.equal(model[2].running_mean, running)
    assert not any(m.training for m in model.modules())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"epochs": 0}, "at least 1"),
        ({"batch_size": 0}, "at least 1"),
        ({"schedule": "cosine"}, "'one-cycle'"),
        ({"device": "gpu"}, "cuda, mps or cpu"),
    ],
)
def test_arguments_that_cannot_be(model, split, change, words):
    with pytest.raises(ValueError, match=words):
        training.train(model, split, **{"epochs": 1, **change})


def test_images_and_labels_must_match(model, split):
    with pytest.raises(ValueError, match="100 images with 99 labels"):
        training.train(model, Split(split.images, split.labels[:-1]), epochs=1)


# --- other tasks


def test_regression_has_a_loss_and_no_accuracy(split):
    data = Split(split.images, split.images.mean((1, 2, 3))[:, None])
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(12, 1))
    history = training.train(model, data, epochs=60, learning_rate=0.02, loss=F.mse_loss, validation=data)
    assert history.loss[-1] < 1e-3
    assert history.accuracy == history.validation_accuracy == [None] * 60
    assert "accuracy" not in repr(history)
    assert training.evaluate(model, data, loss=F.mse_loss).accuracy is None


def test_binary_labels_with_one_logit(split):
    data = Split(split.images, (split.labels == 0).float())
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(12, 1), nn.Flatten(0))
    loss = F.binary_cross_entropy_with_logits
    history = training.train(model, data, epochs=40, learning_rate=0.1, loss=loss)
    assert history.loss[-1] < history.loss[0] / 2
    assert ((training.predict(model, data.images) > 0) == (data.labels > 0)).float().mean() > 0.8


class TwoHeads(nn.Module):
    """Returns main and auxiliary output in training mode, the main one otherwise."""

    def __init__(self):
        super().__init__()
        self.body, self.main, self.auxiliary = nn.Linear(12, 8), nn.Linear(8, 3), nn.Linear(8, 3)

    def forward(self, x):
        x = self.body(x.flatten(1)).relu()
        return (self.main(x), self.auxiliary(x)) if self.training else self.main(x)


def test_a_model_with_an_auxiliary_output(split):
    def loss(output, labels):
        if not isinstance(output, tuple):
            return F.cross_entropy(output, labels)
        return F.cross_entropy(output[0], labels) + 0.3 * F.cross_entropy(output[1], labels)

    torch.manual_seed(0)
    model = TwoHeads()
    before = model.auxiliary.weight.detach().clone()
    history = training.train(model, split, epochs=30, learning_rate=0.02, loss=loss, validation=split)
    assert not torch.equal(before, model.auxiliary.weight)
    assert history.accuracy[-1] > 0.8 and history.validation_accuracy[-1] > 0.8
    assert training.predict(model, split.images).shape == (100, 3)


# --- evaluation


def test_evaluate_is_the_same_for_every_batch_size(model, split):
    whole = training.evaluate(model, split, batch_size=100)
    for size in (1, 7, 33, 512):
        assert training.evaluate(model, split, batch_size=size) == pytest.approx(whole)
    with torch.no_grad():
        scores = model(split.images)
    assert whole.loss == pytest.approx(F.cross_entropy(scores, split.labels).item())
    assert whole.accuracy == pytest.approx((scores.argmax(1) == split.labels).float().mean().item())


def test_evaluate_switches_dropout_off_and_back(split):
    model = nn.Sequential(nn.Flatten(), nn.Dropout(0.9), nn.Linear(12, 3))
    assert training.evaluate(model, split) == training.evaluate(model, split)
    assert model.training and model[1].training
    with pytest.raises(ValueError, match="empty"):
        training.evaluate(model, Split(split.images[:0], split.labels[:0]))


def test_predict_is_the_model_in_evaluation_mode(split):
    model = nn.Sequential(nn.Flatten(), nn.Dropout(0.5), nn.Linear(12, 3))
    output = training.predict(model, split.images, batch_size=33)
    assert torch.allclose(output, model.eval()(split.images), atol=1e-6) and not output.requires_grad


def test_confusion_matrix_counts_rows_as_truth():
    labels = torch.tensor([0, 0, 0, 1, 2, 2])
    predicted = torch.tensor([0, 1, 1, 1, 0, 2])
    expected = torch.tensor([[1, 2, 0], [0, 1, 0], [1, 0, 1]])
    assert torch.equal(training.confusion_matrix(predicted, labels), expected)
    assert torch.equal(training.confusion_matrix(F.one_hot(predicted, 3).float(), labels), expected)
    assert training.confusion_matrix(predicted, labels, classes=4).shape == (4, 4)
    with pytest.raises(ValueError, match="5 predictions cannot be compared with 6"):
        training.confusion_matrix(predicted[:5], labels)


# --- where it computes


def test_device_follows_the_argument_then_the_environment(monkeypatch):
    monkeypatch.setenv("CNNCOURSE_DEVICE", "cpu")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert training.device() == torch.device("cpu")
    assert training.device("cuda:1") == torch.device("cuda:1")
    monkeypatch.delenv("CNNCOURSE_DEVICE")
    assert training.device() == torch.device("cuda")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert training.device() == torch.device("mps")
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert training.device() == torch.device("cpu")


def test_device_that_is_not_here_is_refused(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setenv("CNNCOURSE_DEVICE", "cuda")
    with pytest.raises(ValueError, match=r"finds no cuda device.*use cpu"):
        training.device()
    with pytest.raises(ValueError, match="no device 'gpu'"):
        training.device("gpu")


@pytest.mark.parametrize("scaled", [False, True])
def test_mixed_precision_keeps_the_loss_whole(model, split, monkeypatch, scaled):
    """What a GPU does, done by the CPU: half precision forward, float32 loss, scaled gradients."""
    half = torch.autocast("cpu", torch.bfloat16)
    monkeypatch.setattr(
        training, "mixed_precision", lambda place: (half, torch.amp.GradScaler("cpu", enabled=scaled))
    )
    dtypes = set()

    def loss(output, labels):
        dtypes.add(output.dtype)
        return F.cross_entropy(output, labels)

    history = training.train(model, split, epochs=30, learning_rate=0.03, loss=loss, device="cpu")
    assert dtypes == {torch.float32}
    assert {p.dtype for p in model.parameters()} == {torch.float32}
    assert history.accuracy[-1] > 0.85


def _machine(root, cgroup="", files=None):
    """A file system that looks like a machine with these control groups."""
    for path, content in {"proc/self/cgroup": cgroup, **(files or {})}.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(content)
    return root


def _v1(group, quota):
    folder = f"sys/fs/cgroup/cpu/{group}"
    return {f"{folder}cpu.cfs_quota_us": f"{quota}\n", f"{folder}cpu.cfs_period_us": "100000\n"}


def _v2(group, words):
    return {f"sys/fs/cgroup/{group}cpu.max": f"{words}\n"}


V2, V1 = "0::/user/me\n", "7:memory:/\n4:cpu,cpuacct:/docker/abc\n"


@pytest.mark.parametrize(
    ("cgroup", "files", "expected"),
    [
        ("", {}, 64),
        (V2, _v2("user/me/", "max 100000"), 64),
        (V2, _v2("user/me/", "200000 100000"), 2),
        (V2, _v2("user/me/", "350000 100000"), 3),
        (V2, _v2("user/me/", "10000 100000"), 1),
        # the group around it grants less than its own
        (V2, _v2("user/me/", "800000 100000") | _v2("user/", "400000 100000"), 4),
        # in a container the path is the host's, and only the top is there
        (V2, _v2("", "150000 50000"), 3),
        (V1, _v1("docker/abc/", -1), 64),
        (V1, _v1("docker/abc/", 500000), 5),
        (V1, _v1("", 200000), 2),
        # both versions side by side: the least counts
        (V1 + V2, _v1("", 600000) | _v2("", "700000 100000"), 6),
    ],
)
def test_granted_cpus_reads_the_quota(tmp_path, monkeypatch, cgroup, files, expected):
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(64)), raising=False)
    assert _cpus.granted_cpus(_machine(tmp_path, cgroup, files)) == expected


def test_granted_cpus_respects_affinity(tmp_path, monkeypatch):
    machine = _machine(tmp_path, V2, {"sys/fs/cgroup/cpu.max": "1600000 100000"})
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {3, 5, 7}, raising=False)
    assert _cpus.granted_cpus(machine) == 3
    monkeypatch.delattr(os, "sched_getaffinity")  # macOS, Windows
    monkeypatch.setattr(os, "cpu_count", lambda: 12)
    assert _cpus.granted_cpus(machine) == 12


@pytest.mark.parametrize(
    ("granted", "omp", "torch_has", "expected"),
    [(8, None, 32, 7), (1, None, 32, 1), (8, None, 4, 4), (2, None, 2, 1), (4, "2", 2, 2), (2, "8", 8, 2)],
)
def test_threads_leave_one_cpu_for_the_rest(monkeypatch, granted, omp, torch_has, expected):
    torch_threads = [torch_has]
    monkeypatch.setattr(torch, "get_num_threads", lambda: torch_threads[0])
    monkeypatch.setattr(torch, "set_num_threads", lambda n: torch_threads.__setitem__(0, n))
    monkeypatch.setattr(_device, "granted_cpus", lambda: granted)
    monkeypatch.setattr(_device, "_threads_chosen", False)
    monkeypatch.setenv("OMP_NUM_THREADS", omp) if omp else monkeypatch.delenv(
        "OMP_NUM_THREADS", raising=False
    )
    assert training.threads() == expected == torch_threads[0]
    # What a person asks for holds, and train does not take it back.
    assert training.threads(16) == 16
    assert training.threads() == 16


def test_threads_refuse_none_at_all():
    with pytest.raises(ValueError, match="at least one"):
        training.threads(0)


# --- progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_progress_is_quiet_in_a_script_and_when_it_is_short(model, split, capfd, monkeypatch):
    training.train(model, split, epochs=1)
    assert capfd.readouterr() == ("", "")
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    training.train(model, split, epochs=1)
    assert terminal.getvalue().strip() == ""


def test_progress_shows_when_there_is_time_to_watch(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    clock = [0.0]
    with _notebook.progress_bar("Training", 10, "batch") as bar:
        monkeypatch.setattr(bar, "_time", lambda: clock[0])
        bar.start_t = bar.last_print_t = 0.0
        for _ in range(4):
            clock[0] += 1
            bar.update()
    assert "Training" in terminal.getvalue()
    silent = Terminal()
    monkeypatch.setattr(sys, "stderr", silent)
    with _notebook.progress_bar("Training", 10, "batch", wanted=False) as bar:
        assert bar.disable
