"""The one minibatch loop, for every model that is trained by gradients.

A model gives a loss that returns *named terms*, such as the distortion and the rate of
a variational autoencoder. `descend` makes of it a step that moves the model down the
gradient of their sum, and `train` calls a step on shuffled minibatches, epoch by epoch.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from latent import checkpoint as files
from latent import checks

# What a loss reports, by name: scalars, means over the examples of the batch.
Terms = dict[str, Tensor]


@runtime_checkable
class Stateful(Protocol):
    """What can be saved and put back: a module, an optimiser."""

    def state_dict(self) -> dict:
        """All that it needs to go on."""
        ...

    def load_state_dict(self, state_dict: dict, /) -> object:
        """Go on from there."""
        ...


def descend(
    loss: Callable[..., Terms], model: nn.Module, optimizer: torch.optim.Optimizer
) -> Callable[..., Terms]:
    """The step that moves `model` down the gradient of the sum of its loss's terms.

    Args:
        loss: `loss(model, *batch)` gives the named terms.
        model: its parameters are changed in place by `optimizer`.
        optimizer: holds the parameters of `model`.

    Returns:
        `step(*batch)`, which makes one update and returns the terms before it.
    """

    def step(*batch: Tensor) -> Terms:
        terms = loss(model, *batch)
        optimizer.zero_grad()
        torch.stack(list(terms.values())).sum().backward()
        optimizer.step()
        return terms

    return step


def train(
    step: Callable[..., Terms],
    *data: Tensor,
    epochs: int,
    batch_size: int = 128,
    seed: int,
    evaluate: Callable[[], Mapping[str, float]] | None = None,
    after_epoch: Callable[[int], None] | None = None,
    state: Mapping[str, Stateful] | None = None,
    checkpoint: Path | None = None,
    progress: bool = True,
) -> list[dict[str, float]]:
    """Call `step` on shuffled minibatches of `data`, `epochs` times over all of it.

    Every epoch draws all its random numbers, the order of the rows too, from torch's
    global generator seeded by `(seed, epoch)`. So a run that was stopped and resumes
    from its `checkpoint` ends with the same bits as one that never was, and what
    `evaluate` draws changes nothing. The caller's generator is left as it was.

    Args:
        step: `step(*batch)` makes one update and returns its named terms.
        data: tensors with one row an example, all of the same length N.
        epochs: how often to go through the data.
        batch_size: rows in a batch; the last batch of an epoch has what is left.
        seed: where the randomness starts.
        evaluate: called after every epoch; what it gives joins the history, such as
            the terms on test data (see `average`).
        after_epoch: called with the number of epochs made, after every epoch and before
            the checkpoint; again for the same epoch if the run stops in between.
        state: what a checkpoint holds, by name: the module, the optimiser.
        checkpoint: file to save to after every epoch, and to resume from if it exists.
        progress: show a bar.

    Returns:
        One dictionary an epoch. It holds the mean over the epoch's examples of each
        term that `step` gave while the model changed, and what `evaluate` gave after.

    Raises:
        ValueError: no data or tensors of different lengths, a setting below 1, a
            checkpoint that is damaged or of another run or model.
        ArithmeticError: a term or a weight is NaN or infinite; the last checkpoint
            stays as it was.
        OSError: a checkpoint could not be saved; the one before it stays.
    """
    checks.count("epochs", epochs)
    checks.count("batch_size", batch_size)
    n = _rows(data)
    state = dict(state or {})
    settings = {"rows": n, "batch_size": batch_size, "seed": seed}
    history = _resume(checkpoint, state, settings) if checkpoint else []
    batches = -(-n // batch_size)
    bar = tqdm(
        total=epochs * batches,
        initial=len(history) * batches,
        unit="batch",
        disable=not progress,
    )
    with bar, torch.random.fork_rng(devices=[]):
        for epoch in range(len(history), epochs):
            torch.manual_seed(_epoch_seed(seed, epoch))
            totals: dict[str, Tensor] = {}
            for rows in torch.randperm(n).split(batch_size):
                terms = step(*(part[rows] for part in data))
                _add(totals, terms, len(rows) / n, epoch, checkpoint)
                bar.update()
            means = {name: total.item() for name, total in totals.items()}
            history.append(means | dict(evaluate() if evaluate else {}))
            bar.set_postfix(history[-1])
            _finite_weights(state, epoch, checkpoint)
            if after_epoch:
                after_epoch(epoch + 1)
            if checkpoint:
                _save(checkpoint, state, settings, history)
    return history


@torch.no_grad()
def average(
    loss: Callable[..., Terms],
    model: nn.Module,
    *data: Tensor,
    batch_size: int = 1000,
) -> dict[str, float]:
    """The mean of each of the loss's terms over `data`, nothing learned.

    Args:
        loss: `loss(model, *batch)` gives the named terms, means over the batch.
        model: put into evaluation mode meanwhile.
        data: tensors with one row an example, all of the same length.
        batch_size: rows at a time.

    Raises:
        ValueError: no data, or tensors of different lengths.
    """
    n = _rows(data)
    was_training = model.training
    model.eval()
    totals: dict[str, float] = {}
    for rows in torch.arange(n).split(batch_size):
        for name, term in loss(model, *(part[rows] for part in data)).items():
            totals[name] = totals.get(name, 0.0) + term.item() * len(rows) / n
    model.train(was_training)
    return totals


def _rows(data: tuple[Tensor, ...]) -> int:
    lengths = [len(part) for part in data]
    if not lengths or len(set(lengths)) > 1 or lengths[0] == 0:
        raise ValueError(
            "the data must be one tensor or several of the same length, one row an "
            f"example, and not empty; got lengths {lengths}"
        )
    return lengths[0]


def _epoch_seed(seed: int, epoch: int) -> int:
    return int(np.random.SeedSequence([seed, epoch]).generate_state(1)[0])


def _add(
    totals: dict[str, Tensor],
    terms: Terms,
    share: float,
    epoch: int,
    checkpoint: Path | None,
) -> None:
    for name, term in terms.items():
        value = term.detach().double()
        if not torch.isfinite(value):
            raise ArithmeticError(
                f"the term {name!r} became {value.item()} in epoch {epoch + 1}"
                + _remedy(epoch, checkpoint)
            )
        totals[name] = totals.get(name, torch.zeros_like(value)) + share * value


def _finite_weights(
    state: Mapping[str, Stateful], epoch: int, checkpoint: Path | None
) -> None:
    """Refuse weights that are NaN or infinite, before a checkpoint is lost to them."""
    for part, stateful in state.items():
        if not isinstance(stateful, nn.Module):
            continue
        for name, weights in stateful.state_dict().items():
            if weights.is_floating_point() and not torch.isfinite(weights).all():
                raise ArithmeticError(
                    f"the weights {name!r} of {part!r} became NaN or infinite in epoch "
                    f"{epoch + 1}" + _remedy(epoch, checkpoint)
                )


def _remedy(epoch: int, checkpoint: Path | None) -> str:
    kept = (
        f"; {checkpoint} still holds the state after epoch {epoch}"
        if checkpoint and checkpoint.exists()
        else ""
    )
    return f"{kept}: try a smaller learning rate"


def _save(
    path: Path,
    state: Mapping[str, Stateful],
    settings: dict[str, int],
    history: list[dict[str, float]],
) -> None:
    states = {name: part.state_dict() for name, part in state.items()}
    files.write(path, {"settings": settings, "history": history, "state": states})


def _resume(
    path: Path, state: Mapping[str, Stateful], settings: dict[str, int]
) -> list[dict[str, float]]:
    """Put the checkpoint's state back, all of it or none; return its history."""
    if not path.exists():
        return []
    saved = files.read(path)
    if not isinstance(saved, dict) or set(saved) != {"settings", "history", "state"}:
        raise ValueError(f"{path} holds weights, but not the state of a training run")
    if saved["settings"] != settings:
        raise ValueError(
            f"{path} is of a run with {saved['settings']}; this one has {settings}: "
            "use another file, or delete it to begin again"
        )
    wanted = {name: _shapes(part.state_dict()) for name, part in state.items()}
    found = {name: _shapes(part) for name, part in saved["state"].items()}
    for name in sorted(wanted.keys() | found.keys()):
        one, other = wanted.get(name, {}), found.get(name, {})
        # An optimiser has no state before its first step, so only modules are compared.
        if isinstance(state.get(name), nn.Module | None) and one != other:
            first = min(one.items() ^ other.items(), default=("nothing", ()))[0]
            raise ValueError(
                f"{path} is of another model: {name!r} has {first} of shape "
                f"{other.get(first, 'none')} there and {one.get(first, 'none')} here"
            )
    for name, part in state.items():
        part.load_state_dict(saved["state"][name])
    return saved["history"]


def _shapes(tree: Any) -> dict[str, tuple[int, ...]]:
    return {
        str(name): tuple(value.shape)
        for name, value in tree.items()
        if isinstance(value, Tensor)
    }
