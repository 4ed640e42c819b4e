"""The results of experiments, as files: weights, histories, manifests.

Weights are kept in half precision and given back in single precision.
"""

import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from latent import checkpoint
from latent.experiments.catalogue import EXPERIMENTS
from latent.experiments.experiment import Experiment, Models

RESULTS = Path(__file__).parent / "results"


def find(name: str) -> Experiment:
    """The experiment of that name.

    Raises:
        ValueError: there is none; the message lists them.
    """
    if name not in EXPERIMENTS:
        raise ValueError(f"no experiment {name!r}; there are {', '.join(EXPERIMENTS)}")
    return EXPERIMENTS[name]


def load(name: str, *, folder: Path = RESULTS) -> Models:
    """The trained modules of an experiment, by their names, in evaluation mode.

    Raises:
        ValueError: no such experiment, or a damaged file.
        FileNotFoundError: it has not been run.
    """
    experiment = find(name)
    models = new_models(experiment)
    saved = _weights(folder / name / "weights.safetensors", name)
    for part, state in saved.items():
        models[part].load_state_dict(state)
    return {part: models[part].eval() for part in saved}


def load_snapshot(name: str, epoch: int, *, folder: Path = RESULTS) -> nn.Module:
    """The module that an experiment keeps of some epochs, in evaluation mode.

    Raises:
        ValueError: no such experiment, or none of that epoch is kept.
        FileNotFoundError: it has not been run.
    """
    experiment = find(name)
    if epoch not in experiment.snapshots:
        raise ValueError(
            f"{name!r} keeps snapshots of epochs {list(experiment.snapshots)}; "
            f"asked for {epoch}"
        )
    module = part_of(new_models(experiment), experiment.snapshot)
    module.load_state_dict(_weights(folder / name / snapshot_file(epoch), name))
    return module.eval()


def history(name: str, *, folder: Path = RESULTS) -> list[dict[str, float]]:
    """Each epoch's terms, as `train` gave them.

    Raises:
        ValueError: no such experiment.
        FileNotFoundError: it has not been run.
    """
    find(name)
    return json.loads(_content(folder / name / "history.json", name))["epochs"]


def manifest(name: str, *, folder: Path = RESULTS) -> dict[str, Any]:
    """Settings, data, versions, durations and final figures of an experiment.

    Raises:
        ValueError: no such experiment.
        FileNotFoundError: it has not been run.
    """
    find(name)
    return json.loads(_content(folder / name / "manifest.json", name))


def new_models(experiment: Experiment) -> Models:
    """The untrained modules; the same on every call. Leaves torch's generator alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(experiment.settings["seed"])
        return experiment.models(experiment.settings)


def part_of(models: Models, path: str) -> nn.Module:
    """The module of a dotted path: a model's name, then its parts'."""
    name, _, rest = path.partition(".")
    return models[name].get_submodule(rest)


def halved(tree: Any) -> Any:
    """The same tree with its floating-point tensors in half precision."""
    if isinstance(tree, Tensor):
        return tree.half() if tree.is_floating_point() else tree
    return {name: halved(value) for name, value in tree.items()}


def snapshot_file(epoch: int) -> str:
    """The name of the file that holds the snapshot of an epoch."""
    return f"epoch-{epoch:02d}.safetensors"


def _weights(path: Path, name: str) -> Any:
    if not path.is_file():
        raise FileNotFoundError(_missing(path, name))
    return checkpoint.read(path)


def _content(path: Path, name: str) -> str:
    if not path.is_file():
        raise FileNotFoundError(_missing(path, name))
    return path.read_text(encoding="utf-8")


def _missing(path: Path, name: str) -> str:
    return f"{path} is missing; make it with: python -m latent.experiments {name}"
