"""What an experiment is: settings, models, and how they are trained."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor, nn

from latent.train import Stateful, Terms

Settings = Mapping[str, Any]
Models = dict[str, nn.Module]


@dataclass(frozen=True)
class Training:
    """What `train` needs, and what is reported at the end.

    Attributes:
        step: `step(*batch)` makes one update and returns its named terms.
        data: tensors with one row an example.
        state: what a checkpoint holds: the models and their optimisers, by name.
        figures: the final figures, computed from the weights as they are published.
        evaluate: terms on test or validation data, after every epoch.
    """

    step: Callable[..., Terms]
    data: tuple[Tensor, ...]
    state: Mapping[str, Stateful]
    figures: Callable[[], Mapping[str, float]]
    evaluate: Callable[[], Mapping[str, float]] | None = None


@dataclass(frozen=True)
class Experiment:
    """A training at full length; everything random in it follows from its seed.

    Attributes:
        about: one line for the list.
        settings: at least `epochs`, `batch_size`, `seed` and `dataset`, the name of a
            file in the catalogue of data; and whatever `models` and `training` read.
        models: makes the modules, untrained; torch's generator is seeded before.
        training: loads the data and says how the modules are trained.
        snapshots: the numbers of epochs after which `snapshot` is kept.
        snapshot: a module or a part of it, such as `vae.decoder`.
        publish: the models whose weights are kept; all of them if empty.
    """

    about: str
    settings: Settings
    models: Callable[[Settings], Models]
    training: Callable[[Models, Settings], Training]
    snapshots: tuple[int, ...] = ()
    snapshot: str = ""
    publish: tuple[str, ...] = field(default=())
