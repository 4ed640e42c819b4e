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
    """The flow that is trained, and what it was after its best epoch."""
    sizes = {name: settings[name] for name in ("n_couplings", "n_hidden", "n_layers")}
    return {"trained": NICE(784, **sizes), "flow": NICE(784, **sizes)}


def training(models: Models, settings: Settings) -> Training:
    """Adam on the exact likelihood, with a rate that rises, then falls to zero.

    `flow` is kept from the epoch with the fewest bits on the validation images.
    """
    trained, flow = models["trained"], models["flow"]
    assert isinstance(trained, NICE)
    assert isinstance(flow, NICE)
    images = data.mnist()
    x, test = map(pixels.scaled, (images.train_images, images.test_images))
    x, validation = x[:-VALIDATION], x[-VALIDATION:]
    start(trained, x)
    flow.load_state_dict(trained.state_dict())
    rate = settings["learning_rate"]
    optimizer = torch.optim.AdamW(
        [
            {"params": trained.shifts.parameters()},
            # Logarithms of scales have a longer way to go than weights.
            {"params": [trained.log_scale], "lr": 10 * rate, "weight_decay": 0.0},
        ],
        lr=rate,
        weight_decay=settings.get("weight_decay", 0.0),
        fused=True,
    )
    batches = -(-len(x) // settings["batch_size"])
    # The networks begin with outputs of zero and all their last weights move together:
    # after first steps at the full rate training stays far behind.
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer,
        max_lr=[group["lr"] for group in optimizer.param_groups],
        total_steps=settings["epochs"] * batches,
        pct_start=settings["warm_up"],
        cycle_momentum=False,
        div_factor=100,
    )
    update = descend(negative_log_likelihood, trained, optimizer)

    def step(*batch: torch.Tensor) -> Terms:
        terms = update(*batch)
        schedule.step()
        return terms

    def bits(flow: NICE, images: torch.Tensor) -> float:
        nats = sum(average(negative_log_likelihood, flow, images).values())
        return bits_per_dimension(nats, flow.n_pixels)

    def evaluate() -> dict[str, float]:
        now = bits(trained, validation)
        if now < bits(flow, validation):
            flow.load_state_dict(trained.state_dict())
        return {"validation bits": now, "test bits": bits(trained, test)}

    def figures() -> dict[str, float]:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            return {
                "validation_bits": bits(flow, validation),
                "test_bits": bits(flow, test),
            }

    return Training(
        step=step,
        data=(x,),
        state={
            "trained": trained,
            "flow": flow,
            "optimizer": optimizer,
            "schedule": schedule,
        },
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
        "warm_up": 0.02,
        "n_couplings": 4,
        "n_hidden": 300,
        "n_layers": 2,
    },
    models,
    training,
    publish=("flow",),
)
LARGE = replace(
    SMALL,
    about="the same flow with wider networks and weight decay",
    settings={**SMALL.settings, "n_hidden": 500, "weight_decay": 0.4},
)
VAE_ALIKE = replace(
    vae.MNIST,
    about="the autoencoder of digits in batches as large as the flows'",
    settings={**vae.MNIST.settings, "batch_size": 256},
    snapshots=(),
    snapshot="",
)
