"""The minibatch loop: what it computes, and that stopping it costs nothing."""

import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
import torch
from torch import nn

from latent import checkpoint as files
from latent.train import average, descend, train


def noisy_loss(model, x, y):
    """Two terms, one of which draws random numbers as a VAE's does."""
    noise = 0.1 * torch.randn_like(x)
    error = (model(x + noise) - y).square().mean()
    size = sum(w.square().sum() for w in model.parameters())
    return {"error": error, "size": 1e-3 * size}


def line():
    """The data: y = 2 x1 - x2 on 50 points."""
    x = torch.linspace(-1, 1, 100).reshape(50, 2)
    return x, (2 * x[:, :1] - x[:, 1:])


def new(layer=lambda: nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1))):
    torch.manual_seed(3)
    model = layer()
    return model, torch.optim.Adam(model.parameters(), 1e-2, fused=True)


def run(epochs, checkpoint=None, *, loss=noisy_loss, made=None, **options):
    model, optimizer = made or new()
    history = train(
        descend(loss, model, optimizer),
        *line(),
        epochs=epochs,
        batch_size=16,
        seed=5,
        state={"model": model, "optimizer": optimizer},
        checkpoint=checkpoint,
        progress=False,
        **options,
    )
    return model, history


def same(a, b):
    return all(torch.equal(x, y) for x, y in zip(a.parameters(), b.parameters()))  # noqa: B905


def test_history_holds_the_means_over_the_examples():
    """Kills the mean over batches: the last batch has 2 of the 50 rows."""
    seen = []

    def step(x, y):
        seen.append(y)
        return {"mean": y.mean()}

    history = train(step, *line(), epochs=1, batch_size=16, seed=0, progress=False)
    assert [len(batch) for batch in seen] == [16, 16, 16, 2]
    assert history[0]["mean"] == pytest.approx(line()[1].mean().item(), abs=1e-6)


def test_an_epoch_takes_every_row_once_and_keeps_rows_together():
    rows = []

    def step(x, y):
        rows.append(torch.cat([x, y], dim=1))
        return {"zero": x.sum() * 0}

    train(step, *line(), epochs=2, batch_size=16, seed=0, progress=False)
    everything = torch.cat(line(), dim=1)
    for epoch in (torch.cat(rows[:4]), torch.cat(rows[4:])):
        assert torch.equal(epoch[epoch[:, 0].argsort()], everything)
    assert not torch.equal(torch.cat(rows[:4]), torch.cat(rows[4:]))  # shuffled anew


def test_descending_lowers_the_sum_of_the_terms():
    _, history = run(60)
    first, last = (sum(history[i].values()) for i in (0, -1))
    assert last < 0.2 * first


def test_the_seed_decides_everything():
    model, history = run(3)
    torch.manual_seed(99)  # the caller's generator does not enter
    again, repeated = run(3)
    assert same(model, again)
    assert history == repeated


def test_the_callers_generator_is_left_alone():
    torch.manual_seed(1)
    wanted = torch.rand(3)
    torch.manual_seed(1)
    train(
        lambda x, y: {"draw": torch.rand(())},
        *line(),
        epochs=1,
        seed=0,
        progress=False,
    )
    assert torch.equal(torch.rand(3), wanted)


def test_what_evaluate_draws_changes_nothing():
    model, _ = run(3)

    def evaluate():
        return {"draw": torch.rand(7).sum().item()}

    other, history = run(3, evaluate=evaluate)
    assert same(model, other)
    assert set(history[0]) == {"error", "size", "draw"}


class StopError(Exception):
    pass


@pytest.mark.parametrize("stop_at", [1, 5, 6, 9])
def test_a_stopped_run_ends_with_the_same_bits(tmp_path, stop_at):
    """Stopped in the middle of an epoch, and at its end."""
    whole, history = run(4)
    calls = 0

    def failing(model, x, y):
        nonlocal calls
        calls += 1
        if calls == stop_at:
            raise StopError
        return noisy_loss(model, x, y)

    path = tmp_path / "run.safetensors"
    with pytest.raises(StopError):
        run(4, path, loss=failing)
    resumed, again = run(4, path)
    assert same(whole, resumed)
    assert again == history


SCRIPT = """
    import os, signal, sys
    from pathlib import Path
    sys.path.insert(0, {root!r})
    from tests import test_train as t

    calls = 0

    def loss(model, x, y):
        global calls
        calls += 1
        if calls == {kill_at}:
            os.kill(os.getpid(), signal.SIGKILL)
        return t.noisy_loss(model, x, y)

    t.run(4, Path({path!r}), loss=loss)
"""


def test_a_killed_process_loses_nothing(tmp_path):
    """SIGKILL in the third epoch; the next process ends with the same bits."""
    path = tmp_path / "run.safetensors"
    root = str(Path(__file__).parents[1])
    script = textwrap.dedent(SCRIPT).format(root=root, kill_at=10, path=str(path))
    done = subprocess.run([sys.executable, "-c", script], check=False)
    assert done.returncode == -signal.SIGKILL
    assert len(files.read(path)["history"]) == 2
    whole, history = run(4)
    resumed, again = run(4, path)
    assert same(whole, resumed)
    assert again == history


def test_channels_last_weights_resume_to_the_same_bits(tmp_path):
    """Kills moments in another memory order than the weights that they move."""

    def made():
        model, _ = new(
            lambda: nn.Sequential(
                nn.Unflatten(1, (2, 1, 1)),
                nn.Upsample(4),
                nn.Conv2d(2, 6, 3),
                nn.ReLU(),
                nn.Conv2d(6, 1, 2),
                nn.Flatten(),
            )
        )
        model = model.to(memory_format=torch.channels_last)
        return model, torch.optim.Adam(model.parameters(), 1e-2, fused=True)

    whole, _ = run(4, made=made())
    path = tmp_path / "run.safetensors"
    run(2, path, made=made())
    resumed, _ = run(4, path, made=made())
    assert same(whole, resumed)


def test_after_epoch_comes_before_the_checkpoint(tmp_path):
    """So that a snapshot is made again if the run stops between the two."""
    path = tmp_path / "run.safetensors"
    seen = []
    run(3, path, after_epoch=lambda epoch: seen.append((epoch, path.exists())))
    assert seen == [(1, False), (2, True), (3, True)]


def test_nan_stops_the_run_and_keeps_the_last_good_checkpoint(tmp_path):
    path = tmp_path / "run.safetensors"
    run(2, path)
    before = path.read_bytes()

    def diverged(model, x, y):
        return noisy_loss(model, x, y) | {"odd": torch.tensor(float("nan"))}

    with pytest.raises(ArithmeticError, match=r"'odd' became nan in epoch 3.*epoch 2"):
        run(4, path, loss=diverged)
    assert path.read_bytes() == before


def test_infinite_weights_are_never_saved(tmp_path):
    """The loss of the last batch is finite, but its step was not."""
    path = tmp_path / "run.safetensors"
    model, optimizer = new()

    def breaking(model, x, y):
        terms = noisy_loss(model, x, y)
        if len(x) == 2:  # the last batch
            terms["error"].register_hook(lambda g: g * float("inf"))
        return terms

    with pytest.raises(ArithmeticError, match=r"weights .* became NaN or infinite"):
        run(1, path, loss=breaking, made=(model, optimizer))
    assert not path.exists()


def test_a_checkpoint_of_another_model_is_refused(tmp_path):
    path = tmp_path / "run.safetensors"
    run(1, path)
    wide = new(lambda: nn.Sequential(nn.Linear(2, 9), nn.Tanh(), nn.Linear(9, 1)))
    before = [w.clone() for w in wide[0].parameters()]
    with pytest.raises(ValueError, match=r"another model: 'model' has 0\.\w+ of shape"):
        run(2, path, made=wide)
    assert all(map(torch.equal, before, wide[0].parameters()))


def test_a_checkpoint_of_another_run_is_refused(tmp_path):
    path = tmp_path / "run.safetensors"
    run(1, path)
    model, optimizer = new()
    with pytest.raises(ValueError, match="use another file, or delete it"):
        train(
            descend(noisy_loss, model, optimizer),
            *line(),
            epochs=2,
            batch_size=16,
            seed=6,
            state={"model": model, "optimizer": optimizer},
            checkpoint=path,
            progress=False,
        )


def test_weights_are_no_checkpoint_of_a_run(tmp_path):
    path = tmp_path / "weights.safetensors"
    files.write(path, new()[0].state_dict())
    with pytest.raises(ValueError, match="not the state of a training run"):
        run(1, path)


def test_a_truncated_checkpoint_is_refused(tmp_path):
    path = tmp_path / "run.safetensors"
    run(1, path)
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(ValueError, match=r"truncated .* delete it to begin again"):
        run(2, path)


def test_average_weighs_rows_and_learns_nothing():
    model = nn.Sequential(nn.Linear(2, 1), nn.Dropout(0.9))
    x, y = line()

    def loss(model, x, y):
        return {"error": (model(x) - y).square().mean()}

    model.eval()
    wanted = (model(x) - y).square().mean().item()
    model.train()
    found = average(loss, model, x, y, batch_size=16)
    assert found["error"] == pytest.approx(wanted, rel=1e-6)
    assert model.training
    assert all(w.grad is None for w in model.parameters())


@pytest.mark.parametrize(
    ("data", "settings", "message"),
    [
        ([], {}, r"not empty; got lengths \[\]"),
        ([torch.ones(0, 2)], {}, r"got lengths \[0\]"),
        ([torch.ones(3), torch.ones(4)], {}, r"got lengths \[3, 4\]"),
        ([torch.ones(3)], {"epochs": 0}, "epochs must be a whole number"),
        ([torch.ones(3)], {"batch_size": 0}, "batch_size must be a whole number"),
    ],
)
def test_bad_input_is_refused(data, settings, message):
    settings = {"epochs": 1, "batch_size": 2} | settings
    with pytest.raises(ValueError, match=message):
        train(lambda x: {"x": x.sum()}, *data, seed=0, progress=False, **settings)
