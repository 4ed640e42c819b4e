"""Restricted Boltzmann machines of four sizes, on all of Fashion-MNIST."""

import torch

from latent import data, pixels
from latent.deep.rbm import (
    MOST_ENUMERATED,
    RBM,
    Units,
    contrastive_divergence,
    in_units_of_data,
    log_prob,
    reconstruction_error,
    sample_hidden,
    visible_mean,
)
from latent.experiments.experiment import Experiment, Models, Settings, Training
from latent.linear import pca

PIXELS = 28 * 28


def models(settings: Settings) -> Models:
    """An untrained machine, and the units that it sees images in."""
    return {"rbm": RBM(PIXELS, settings["n_hidden"]), "units": Units(PIXELS)}


def training(models: Models, settings: Settings) -> Training:
    """Contrastive divergence on centred images; figures in squared grey levels."""
    rbm, units, images = models["rbm"], models["units"], data.fashion_mnist()
    assert isinstance(rbm, RBM)
    assert isinstance(units, Units)
    x, test_x = map(pixels.scaled, (images.train_images, images.test_images))
    units.measure(x)
    test_v = units(test_x)
    optimizer = torch.optim.SGD(
        rbm.parameters(), settings["learning_rate"], momentum=settings["momentum"]
    )

    @torch.no_grad()
    def test() -> dict[str, float]:
        terms = {"test reconstruction error": reconstruction_error(rbm, test_v).item()}
        if settings["n_hidden"] <= MOST_ENUMERATED:
            terms["test log-likelihood"] = log_prob(rbm, test_v).mean().item()
        return terms

    @torch.no_grad()
    def figures() -> dict[str, float]:
        whole = in_units_of_data(rbm, units)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(settings["seed"])
            drawn = visible_mean(whole, sample_hidden(whole, test_x))
        axes = pca.fit(x.numpy(), settings["n_hidden"])
        projected = pca.reconstruct(axes, pca.transform(axes, test_x.numpy()))
        return {
            "test_error": reconstruction_error(whole, test_x).item(),
            "test_error_of_drawn_bits": (test_x - drawn).square().mean().item(),
            "test_error_of_pca": float(((test_x.numpy() - projected) ** 2).mean()),
            "test_error_of_mean_image": (test_x - units.mean).square().mean().item(),
        }

    return Training(
        step=contrastive_divergence(rbm, optimizer),
        data=(units(x),),
        state={"rbm": rbm, "optimizer": optimizer},
        evaluate=test,
        figures=figures,
    )


def experiment(n_hidden: int) -> Experiment:
    """The machine with so many hidden units; all else is the same."""
    settings = {
        "dataset": "fashion_mnist.npz",
        "epochs": 25,
        "batch_size": 128,
        "seed": 0,
        "learning_rate": 1e-3,
        "momentum": 0.9,
        "n_hidden": n_hidden,
    }
    about = f"a restricted Boltzmann machine of clothes, {n_hidden} hidden units"
    return Experiment(about, settings, models, training)


RBMS = {f"rbm-{n_hidden}": experiment(n_hidden) for n_hidden in (10, 50, 100, 250)}
