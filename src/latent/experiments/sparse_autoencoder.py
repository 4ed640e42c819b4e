"""The sparse autoencoder that removes noise from digits."""

from functools import partial

import torch

from latent import data, pixels
from latent.deep.sparse_autoencoder import (
    SparseAutoencoder,
    add_noise,
    denoising_loss,
)
from latent.experiments.experiment import Experiment, Models, Settings, Training
from latent.train import descend


def models(settings: Settings) -> Models:
    """An untrained autoencoder."""
    return {"autoencoder": SparseAutoencoder(n_atoms=settings["n_atoms"])}


def training(models: Models, settings: Settings) -> Training:
    """How it is trained: fresh noise in every step, fixed noise on the test digits."""
    images = data.mnist()
    x, test_x = map(pixels.scaled, (images.train_images, images.test_images))
    noise, penalty = settings["noise"], settings["penalty"]
    generator = torch.Generator().manual_seed(settings["seed"])
    test_noisy = add_noise(test_x, noise, generator)
    model = models["autoencoder"]
    assert isinstance(model, SparseAutoencoder)
    optimizer = torch.optim.Adam(
        model.parameters(), settings["learning_rate"], fused=True
    )

    @torch.no_grad()
    def test() -> dict[str, float]:
        h = model.encode(test_noisy)
        return {
            "test error per pixel": (model.decode(h) - test_x).square().mean().item(),
            "test atoms in use": (h > 0).sum(dim=1).float().mean().item(),
        }

    loss = partial(denoising_loss, noise=noise, penalty=penalty)
    return Training(
        step=descend(loss, model, optimizer),
        data=(x,),
        state={"autoencoder": model, "optimizer": optimizer},
        evaluate=test,
        figures=test,
    )


MNIST = Experiment(
    "a sparse autoencoder that removes noise from digits",
    {
        "dataset": "mnist.npz",
        "epochs": 30,
        "batch_size": 256,
        "seed": 0,
        "learning_rate": 1e-3,
        "n_atoms": 1176,
        "noise": 0.5,
        "penalty": 0.05,
    },
    models,
    training,
)
