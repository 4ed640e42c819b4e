"""The convolutional GAN on digits: ten epochs, with the generator of each of them."""

import torch

from latent import data
from latent.adversarial import dcgan
from latent.adversarial.gan import GAN, adversarial_step, losses
from latent.experiments.experiment import Experiment, Models, Settings, Training
from latent.train import average


def models(_: Settings) -> Models:
    """Both networks, untrained."""
    return {"gan": dcgan.dcgan()}


def training(models: Models, settings: Settings) -> Training:
    """Adam for each of the two networks, each with its own rate."""
    images = data.mnist()
    train_x, test_x = map(dcgan.padded, (images.train_images, images.test_images))
    gan = models["gan"]
    assert isinstance(gan, GAN)
    generator, discriminator = (
        torch.optim.Adam(
            part.parameters(),
            settings[f"{name}_rate"],
            betas=(settings["momentum"], 0.999),
            fused=True,
        )
        for name, part in gan.named_children()
    )

    def test() -> dict[str, float]:
        found = average(losses, gan, test_x)
        return {f"test {name}": value for name, value in found.items()}

    return Training(
        step=adversarial_step(gan, generator, discriminator),
        data=(train_x,),
        state={"gan": gan, "generator": generator, "discriminator": discriminator},
        evaluate=test,
        figures=test,
    )


DCGAN = Experiment(
    "a convolutional GAN on digits of 32 x 32 pixels",
    {
        "dataset": "mnist.npz",
        "epochs": 10,
        "batch_size": 64,
        "seed": 0,
        "generator_rate": 1e-3,
        "discriminator_rate": 2e-4,
        "momentum": 0.5,
    },
    models,
    training,
    snapshots=tuple(range(1, 10)),
    snapshot="gan.generator",
)
