"""Clothes with and without labels: the tuning, and what it chose."""

from collections.abc import Mapping
from itertools import product
from typing import Any

import torch
from jaxtyping import Int
from torch import Tensor, nn

from latent import data, pixels
from latent.deep.conditional_vae import CVAE, loss_function
from latent.deep.vae import VAE, negative_elbo
from latent.experiments.experiment import Experiment, Models, Settings, Training
from latent.train import Terms, average, descend

N_PIXELS, N_CLASSES = 784, 10


def split(
    n: int, share: float, seed: int
) -> tuple[Int[Tensor, " A"], Int[Tensor, " B"]]:
    """Rows to train on, and a share of rows held back for validation."""
    order = torch.randperm(n, generator=torch.Generator().manual_seed(seed))
    held_back = round(share * n)
    return order[held_back:], order[:held_back]


def models(settings: Settings) -> Models:
    """Autoencoders of the sizes given, with labels or without, untrained."""
    gain = settings["label_gain"]
    return {
        name: CVAE(N_PIXELS, N_CLASSES, size["latent"], size["hidden"], label_gain=gain)
        if size["labels"]
        else VAE(N_PIXELS, size["latent"], size["hidden"])
        for name, size in settings["models"].items()
    }


def loss(model: nn.Module, x: Tensor, y: Tensor) -> Terms:
    """The two terms of minus the bound; the plain autoencoder ignores the label."""
    if isinstance(model, CVAE):
        return loss_function(model, x, y)
    assert isinstance(model, VAE)
    return negative_elbo(model, x)


def training(models: Models, settings: Settings) -> Training:
    """All models take a step on every batch, and are validated after every epoch."""
    images = data.fashion_mnist()
    x, test_x = map(pixels.scaled, (images.train_images, images.test_images))
    y, test_y = (
        pixels.one_hot(torch.from_numpy(labels).long(), N_CLASSES)
        for labels in (images.train_labels, images.test_labels)
    )
    rows, held_back = split(len(x), settings["validation"], settings["seed"])
    optimizers = {
        name: torch.optim.Adam(
            model.parameters(), settings["models"][name]["learning_rate"], fused=True
        )
        for name, model in models.items()
    }
    steps = {
        name: descend(loss, model, optimizers[name]) for name, model in models.items()
    }

    def step(*batch: Tensor) -> Terms:
        return {
            f"{name} {term}": value
            for name, one in steps.items()
            for term, value in one(*batch).items()
        }

    def terms(part: str, *images: Tensor) -> dict[str, float]:
        """The same noise on every call."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(settings["seed"])
            return {
                f"{name} {part} {term}": value
                for name, model in models.items()
                for term, value in average(loss, model, *images).items()
            }

    def test() -> dict[str, float]:
        return terms("test", test_x, test_y) if settings["test"] else {}

    return Training(
        step=step,
        data=(x[rows], y[rows]),
        state={**models, **{f"{name} Adam": part for name, part in optimizers.items()}},
        evaluate=lambda: terms("validation", x[held_back], y[held_back]),
        figures=test,
    )


def settings(sizes: Mapping[str, Mapping[str, Any]], *, epochs: int) -> Settings:
    """A fifth of the training images is held back; only final models see the test's."""
    return {
        "dataset": "fashion_mnist.npz",
        "epochs": epochs,
        "batch_size": 128,
        "seed": 0,
        "label_gain": 10.0,
        "validation": 0.2,
        "test": epochs > TUNING,
        "models": {name: dict(size) for name, size in sizes.items()},
    }


def pair(latent: int) -> dict[str, dict[str, Any]]:
    """A plain and a conditional autoencoder of the same shape."""
    size = {"latent": latent, "hidden": 400, "learning_rate": 3e-3}
    return {"vae": {"labels": False, **size}, "cvae": {"labels": True, **size}}


TUNING = 2
"""Epochs that a candidate gets."""
CANDIDATES = {
    f"K={latent}, {hidden} units, rate {rate:g}": {
        "labels": True,
        "latent": latent,
        "hidden": hidden,
        "learning_rate": rate,
    }
    for latent, hidden, rate in product((2, 8, 16), (200, 400), (1e-3, 3e-3))
}
GRID = Experiment(
    "clothes: candidates compared on validation images",
    settings(CANDIDATES, epochs=TUNING),
    models,
    training,
    publish=(next(iter(CANDIDATES)),),  # the smallest: short runs serve nobody
)
FINAL = Experiment(
    "clothes with and without labels",
    settings(pair(8), epochs=8),
    models,
    training,
)
PLANE = Experiment(
    "the same with codes of two dimensions",
    settings(pair(2), epochs=8),
    models,
    training,
)
