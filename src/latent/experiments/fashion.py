"""Clothes with and without labels: the tuning, and what it chose."""

from collections.abc import Mapping
from itertools import product
from typing import Any

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor, nn

from latent import data, experiments, pixels
from latent.deep import fashion_manifold as fm
from latent.deep.classifier import Classifier
from latent.deep.conditional_vae import CVAE, encode, loss_function
from latent.deep.vae import VAE, mlp, negative_elbo
from latent.experiments.experiment import Experiment, Models, Settings, Training
from latent.train import Terms, average, descend

N_PIXELS, N_CLASSES = 784, 10
FOUR = [3, 4, 5, 7]
"""Dress, Coat, Sandal, Sneaker: the classes whose samples are judged."""


def split(
    n: int, share: float, seed: int
) -> tuple[Int[Tensor, " A"], Int[Tensor, " B"]]:
    """Rows to train on, and a share of rows held back for validation."""
    order = torch.randperm(n, generator=torch.Generator().manual_seed(seed))
    held_back = round(share * n)
    return order[held_back:], order[:held_back]


def models(settings: Settings) -> Models:
    """Autoencoders of the sizes given, with labels or without, untrained."""
    gain, made = settings["label_gain"], {}
    for name, size in settings["models"].items():
        latent, hidden = size["latent"], size["hidden"]
        made[name] = (
            CVAE(N_PIXELS, N_CLASSES, latent, hidden, label_gain=gain)
            if size["labels"]
            else VAE(N_PIXELS, latent, hidden)
        )
        if size["decoder_layers"] > 1:
            inputs = latent + (N_CLASSES if size["labels"] else 0)
            widths = [hidden] * size["decoder_layers"]
            made[name].decoder = mlp(inputs, *widths, N_PIXELS)
    return made


def loss(model: nn.Module, x: Tensor, y: Tensor) -> Terms:
    """The two terms of minus the bound; the plain autoencoder ignores the label."""
    if isinstance(model, CVAE):
        return loss_function(model, x, y)
    assert isinstance(model, VAE)
    return negative_elbo(model, x)


def recognised(
    cvae: CVAE, judge: Classifier, x: Tensor, y: Tensor, *, seed: int
) -> dict[str, float]:
    """Shares of samples of four classes read as asked, with codes of two origins.

    They are drawn from the standard normal distribution, and from mixtures that are
    fitted to the codes of the images given, class by class.
    """
    make, rng = torch.Generator().manual_seed(seed), np.random.default_rng(seed)
    codes = encode(cvae, x, y, generator=make)
    priors = fm.class_priors(codes, y.argmax(dim=1), n_components=10, rng=rng)
    normal = torch.randn(500, 1, cvae.n_latent, generator=make)
    origins = {
        "normal": normal.expand(-1, N_CLASSES, -1),
        "mixture": fm.draw_codes(priors, 500, rng=rng),
    }
    shares = {
        origin: fm.readings(judge, fm.images_of(cvae, z)[:, FOUR])[:, FOUR]
        for origin, z in origins.items()
    }
    return {origin: share.diagonal().mean().item() for origin, share in shares.items()}


def training(models: Models, settings: Settings) -> Training:
    """All models take a step on every batch, and are validated after every epoch.

    The learning rate falls from the one given to zero, like half a cosine.
    """
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
    n_steps = settings["epochs"] * -(-len(rows) // settings["batch_size"])
    schedules = {
        name: torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, n_steps)
        for name, optimizer in optimizers.items()
    }
    steps = {
        name: descend(loss, model, optimizers[name]) for name, model in models.items()
    }

    def step(*batch: Tensor) -> Terms:
        terms = {
            f"{name} {term}": value
            for name, one in steps.items()
            for term, value in one(*batch).items()
        }
        for schedule in schedules.values():
            schedule.step()
        return terms

    def terms(part: str, *images: Tensor) -> dict[str, float]:
        """The same noise on every call."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(settings["seed"])
            return {
                f"{name} {part} {term}": value
                for name, model in models.items()
                for term, value in average(loss, model, *images).items()
            }

    def figures() -> dict[str, float]:
        if settings["test"]:
            return terms("test", test_x, test_y)
        judge = experiments.load("classifier-fashion")["classifier"]
        assert isinstance(judge, Classifier)
        few = rows[:10_000]
        return {
            f"{name} recognised, {origin}": share
            for name, model in models.items()
            if isinstance(model, CVAE)
            for origin, share in recognised(
                model, judge, x[few], y[few], seed=settings["seed"]
            ).items()
        }

    return Training(
        step=step,
        data=(x[rows], y[rows]),
        state={
            **models,
            **{f"{name} Adam": part for name, part in optimizers.items()},
            **{f"{name} schedule": part for name, part in schedules.items()},
        },
        evaluate=lambda: terms("validation", x[held_back], y[held_back]),
        figures=figures,
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


def size(latent: int, layers: int, rate: float) -> dict[str, Any]:
    """Codes, hidden layers of the decoder (the encoder has one), first step size."""
    return {
        "latent": latent,
        "hidden": 400,
        "decoder_layers": layers,
        "learning_rate": rate,
    }


def pair(latent: int) -> dict[str, dict[str, Any]]:
    """A plain and a conditional autoencoder of the same shape."""
    chosen = size(latent, layers=2, rate=2e-3)
    return {"vae": {"labels": False, **chosen}, "cvae": {"labels": True, **chosen}}


TUNING = 4
"""Epochs that a candidate gets."""
CANDIDATES = {
    f"K={latent}, {layers} layers, rate {rate:g}": {
        "labels": True,
        **size(latent, layers, rate),
    }
    for latent, layers, rate in product((2, 5, 8), (1, 2), (1e-3, 2e-3))
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
    settings(pair(5), epochs=24),
    models,
    training,
)
PLANE = Experiment(
    "the same with codes of two dimensions",
    settings(pair(2), epochs=24),
    models,
    training,
)
