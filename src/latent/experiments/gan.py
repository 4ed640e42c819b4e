"""The fully connected GAN on MNIST (chapter adversarial/gan)."""

import torch
from torch import Tensor

from latent import data, pixels
from latent.adversarial.gan import GAN, adversarial_step, losses, mlp_gan
from latent.deep.classifier import Classifier, classify, features, frechet_distance
from latent.experiments.experiment import Experiment, Models, Settings, Training
from latent.train import average


def models(settings: Settings) -> Models:
    """An untrained GAN."""
    sizes = [settings[name] for name in ("n_pixels", "n_latent", "n_hidden")]
    return {"gan": mlp_gan(*sizes, dropout=settings["dropout"])}


def training(models: Models, settings: Settings) -> Training:
    """Both networks by Adam, each with its own rate; half the usual momentum."""
    images = data.mnist()
    x, test_x = map(pixels.scaled, (images.train_images, images.test_images))
    gan = models["gan"]
    assert isinstance(gan, GAN)
    betas = (settings["momentum"], 0.999)
    optimizers = {
        f"{name} optimizer": torch.optim.Adam(
            gan.get_submodule(name).parameters(),
            settings[f"{name}_rate"],
            betas,
            fused=True,
        )
        for name in ("generator", "discriminator")
    }

    def evaluate() -> dict[str, float]:
        """Both losses on test data, and on as many training data, without dropout."""
        sets = {"training": x[: len(test_x)], "test": test_x}
        return {
            f"{name} {term}": nats
            for name, part in sets.items()
            for term, nats in average(losses, gan, part).items()
        }

    return Training(
        step=adversarial_step(gan, *optimizers.values()),
        data=(x,),
        state={"gan": gan, **optimizers},
        evaluate=evaluate,
        figures=lambda: judged(gan, test_x),
    )


def judged(gan: GAN, test_x: Tensor) -> dict[str, float]:
    """Samples compared with test images by the classifier of digits."""
    from latent.experiments.saved import load  # noqa: PLC0415, it imports the catalogue

    classifier = load("classifier-mnist")["classifier"]
    assert isinstance(classifier, Classifier)
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(0)
        samples = gan.eval().sample(len(test_x))
    both = [features(classifier, part) for part in (samples, test_x)]
    counts = classify(classifier, samples).bincount(minlength=10)
    return {
        "frechet_distance": frechet_distance(*both),
        "rarest_digit_share": (counts.min() / counts.sum()).item(),
        "commonest_digit_share": (counts.max() / counts.sum()).item(),
    }


MNIST = Experiment(
    "a GAN of fully connected networks, digits",
    {
        "dataset": "mnist.npz",
        "epochs": 50,
        "batch_size": 128,
        "seed": 0,
        "n_pixels": 784,
        "n_latent": 64,
        "n_hidden": 256,
        "dropout": 0.3,
        "generator_rate": 1e-3,
        "discriminator_rate": 2e-4,
        "momentum": 0.5,
    },
    models,
    training,
    snapshots=(10, 20, 30, 40),  # and the weights, after 50
    snapshot="gan.generator",
)
