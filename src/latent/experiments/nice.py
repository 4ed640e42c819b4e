"""Flows of digits, and an autoencoder trained alike to compare them with."""

from dataclasses import replace

import torch

from latent import data, pixels
from latent.experiments import vae
from latent.experiments.experiment import Experiment, Models, Settings, Training
from latent.flows.nice import (
    NICE,
    bits_per_dimension,
    negative_log_likelihood,
    start,
)
from latent.train import Terms, average, descend

VALIDATION = 5000  # the last training images, which no flow is trained on


def models(settings: Settings) -> Models:
    """An untrained flow."""
    flow = NICE(
        784,
        n_couplings=settings["n_couplings"],
        n_hidden=settings["n_hidden"],
        n_layers=settings["n_layers"],
    )
    return {"flow": flow}


def training(models: Models, settings: Settings) -> Training:
    """Adam on the exact likelihood, with a rate that falls to zero."""
    flow = models["flow"]
    assert isinstance(flow, NICE)
    images = data.mnist()
    x, test = map(pixels.scaled, (images.train_images, images.test_images))
    x, validation = x[:-VALIDATION], x[-VALIDATION:]
    start(flow, x)
    rate = settings["learning_rate"]
    optimizer = torch.optim.AdamW(
        [
            {"params": flow.shifts.parameters()},
            # Their logarithms have to grow by five, many steps of the networks' size.
            {"params": [flow.log_scale], "lr": 10 * rate, "weight_decay": 0.0},
        ],
        lr=rate,
        weight_decay=settings["weight_decay"],
        fused=True,
    )
    batches = -(-len(x) // settings["batch_size"])
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(
        optimizer, T_max=settings["epochs"] * batches
    )
    update = descend(negative_log_likelihood, flow, optimizer)

    def step(*batch: torch.Tensor) -> Terms:
        terms = update(*batch)
        schedule.step()
        return terms

    def bits(images: torch.Tensor) -> float:
        nats = sum(average(negative_log_likelihood, flow, images).values())
        return bits_per_dimension(nats, flow.n_pixels)

    def evaluate() -> dict[str, float]:
        return {"validation bits": bits(validation), "test bits": bits(test)}

    def figures() -> dict[str, float]:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            return {"validation_bits": bits(validation), "test_bits": bits(test)}

    return Training(
        step=step,
        data=(x,),
        state={"flow": flow, "optimizer": optimizer, "schedule": schedule},
        evaluate=evaluate,
        figures=figures,
    )


SMALL = Experiment(
    "a flow of digits that trains in minutes",
    {
        "dataset": "mnist.npz",
        "epochs": 50,
        "batch_size": 256,
        "seed": 0,
        "learning_rate": 1e-3,
        "weight_decay": 0.3,
        "n_couplings": 4,
        "n_hidden": 300,
        "n_layers": 2,
    },
    models,
    training,
)
LARGE = replace(
    SMALL,
    about="the same flow with wider networks",
    settings={**SMALL.settings, "n_hidden": 700},
)
VAE_ALIKE = replace(
    vae.MNIST,
    about="the autoencoder of digits in batches as large as the flows'",
    settings={**vae.MNIST.settings, "batch_size": 256},
    snapshots=(),
    snapshot="",
)
