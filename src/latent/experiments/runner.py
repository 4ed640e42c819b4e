"""Runs experiments, resumes them, and repeats their first steps."""

import json
import platform
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
import torch
from torch import Tensor

from latent import checkpoint
from latent.data.catalogue import CATALOGUE
from latent.experiments.experiment import Models
from latent.experiments.saved import (
    RESULTS,
    find,
    halved,
    load,
    new_models,
    part_of,
    snapshot_file,
)
from latent.train import Terms, train

FIRST = 10
"""How many first steps are recorded, to be repeated later."""


class Log:
    """What a run notes beside its history: the first steps, and each epoch's time.

    It is saved with every checkpoint, so that a run that was interrupted knows them.
    """

    def __init__(self) -> None:
        self.steps: list[dict[str, float]] = []
        self.seconds: list[float] = []
        self._since = time.perf_counter()

    def state_dict(self) -> dict[str, Any]:
        """Both lists."""
        return {"steps": self.steps, "seconds": self.seconds}

    def load_state_dict(self, state_dict: dict[str, Any], /) -> None:
        """Go on with these lists."""
        self.steps, self.seconds = state_dict["steps"], state_dict["seconds"]

    def watched(self, step: Callable[..., Terms]) -> Callable[..., Terms]:
        """The same step, its first calls recorded."""

        def recording(*batch: Tensor) -> Terms:
            terms = step(*batch)
            if len(self.steps) < FIRST:
                self.steps.append({name: t.item() for name, t in terms.items()})
            return terms

        return recording

    def end_of_epoch(self) -> None:
        """Note the time since the last epoch ended, or since the run was started."""
        now = time.perf_counter()
        self.seconds.append(now - self._since)
        self._since = now


class _EnoughError(Exception):
    """Ends a run after its first steps."""


def state(name: str, *, folder: Path = RESULTS) -> str:
    """Whether an experiment is done, interrupted or missing."""
    if (folder / name / "manifest.json").is_file():
        return "done"
    return "interrupted" if _checkpoint(folder / name).is_file() else "missing"


def run(name: str, *, folder: Path = RESULTS, progress: bool = True) -> dict[str, Any]:
    """Run an experiment, or resume it where it was interrupted; write its results.

    Returns:
        The manifest, as it was written.

    Raises:
        ValueError: no such experiment, or its checkpoint is of other settings.
        FileNotFoundError: its data are not there.
        OSError: a file could not be saved; nothing that was saved before is lost.
    """
    experiment, place = find(name), folder / name
    settings, models = experiment.settings, new_models(experiment)
    training = experiment.training(models, settings)
    log = Log()

    def after_epoch(epoch: int) -> None:
        log.end_of_epoch()
        if epoch in experiment.snapshots:
            kept = part_of(models, experiment.snapshot).state_dict()
            checkpoint.write(place / snapshot_file(epoch), halved(kept))

    epochs = train(
        log.watched(training.step),
        *training.data,
        epochs=settings["epochs"],
        batch_size=settings["batch_size"],
        seed=settings["seed"],
        evaluate=training.evaluate,
        after_epoch=after_epoch,
        state={**training.state, "log": log},
        checkpoint=_checkpoint(place),
        progress=progress,
    )
    exact = dict(training.figures())
    published = experiment.publish or tuple(models)
    weights = {part: halved(models[part].state_dict()) for part in published}
    size = checkpoint.write(place / "weights.safetensors", weights)
    for part in published:
        models[part].load_state_dict(weights[part])
    manifest = {
        "about": experiment.about,
        "settings": dict(settings),
        "data_sha256": CATALOGUE[settings["dataset"]].sha256,
        "versions": _versions(),
        "parameters": {part: _parameters(models, part) for part in models},
        "seconds": round(sum(log.seconds), 1),
        "seconds_per_epoch": round(float(np.median(log.seconds)), 3),
        "weights_bytes": size,
        "figures": dict(training.figures()),
        "figures_in_single_precision": exact,
    }
    _write_json(place / "history.json", {"first_steps": log.steps, "epochs": epochs})
    _write_json(place / "manifest.json", manifest)
    _checkpoint(place).unlink()
    return manifest


def check(name: str, *, folder: Path = RESULTS, steps: int = FIRST) -> float:
    """Repeat the first steps of an experiment and compare them with its history.

    Returns:
        The largest relative difference between a term now and as recorded.

    Raises:
        ValueError: no such experiment, or a term differs by more than one part in a
            thousand, far more than another processor's rounding makes of ten steps.
        FileNotFoundError: it has not been run, or its data are not there.
    """
    experiment = find(name)
    load(name, folder=folder)  # whose message says how to make what is missing
    recorded = json.loads((folder / name / "history.json").read_text(encoding="utf-8"))
    models = new_models(experiment)
    training = experiment.training(models, experiment.settings)
    log = Log()
    watched = log.watched(training.step)

    def some_steps(*batch: Tensor) -> Terms:
        if len(log.steps) == steps:
            raise _EnoughError
        return watched(*batch)

    settings = experiment.settings
    with suppress(_EnoughError):
        train(
            some_steps,
            *training.data,
            epochs=1,
            batch_size=settings["batch_size"],
            seed=settings["seed"],
            progress=False,
        )
    worst = 0.0
    for number, (now, then) in enumerate(
        zip(log.steps, recorded["first_steps"], strict=False), start=1
    ):
        for term in then:
            difference = abs(now[term] - then[term]) / max(abs(then[term]), 1e-3)
            if not difference < 1e-3:
                raise ValueError(
                    f"{name}: {term!r} in step {number} is {now[term]:.6g}; recorded "
                    f"was {then[term]:.6g}: the code, the data or the settings have "
                    f"changed since; run it again, after removing {folder / name}"
                )
            worst = max(worst, difference)
    return worst


def _checkpoint(place: Path) -> Path:
    return place / "checkpoint.safetensors"


def _parameters(models: Models, part: str) -> int:
    return sum(weights.numel() for weights in models[part].parameters())


def _versions() -> dict[str, str]:
    packages = {"numpy": np, "safetensors": safetensors, "torch": torch}
    versions = {name: package.__version__ for name, package in packages.items()}
    return {"python": platform.python_version(), **versions}


def _write_json(path: Path, content: Any) -> None:
    text = json.dumps(content, indent=1) + "\n"
    checkpoint.write_whole(path, text.encode())
