"""The conditional autoencoder of digits, and its twin that is told no labels."""

import torch

from latent import data, pixels
from latent.deep import conditional_vae as cv
from latent.deep.classifier import Classifier, classify
from latent.deep.vae import VAE, negative_elbo
from latent.experiments.experiment import Experiment, Models, Settings, Training
from latent.train import average, descend


def models(settings: Settings) -> Models:
    """An untrained conditional autoencoder."""
    return {
        "cvae": cv.CVAE(
            784,
            10,
            settings["n_latent"],
            settings["n_hidden"],
            label_gain=settings["label_gain"],
        )
    }


def training(models: Models, settings: Settings) -> Training:
    """Minus the bound, by Adam."""
    from latent.experiments.saved import load  # noqa: PLC0415, it imports this module

    digits = data.mnist()
    x, test_x = map(pixels.scaled, (digits.train_images, digits.test_images))
    labels, test_labels = map(
        torch.from_numpy, (digits.train_labels, digits.test_labels)
    )
    y, test_y = (pixels.one_hot(part, 10) for part in (labels, test_labels))
    cvae, judge = models["cvae"], load("classifier-mnist")["classifier"]
    assert isinstance(cvae, cv.CVAE)
    assert isinstance(judge, Classifier)
    optimizer = torch.optim.Adam(
        cvae.parameters(), settings["learning_rate"], fused=True
    )

    def recognised(n_codes: int) -> float:
        """The share of samples that the classifier reads as the label asked for."""
        z = torch.randn(n_codes, cvae.n_latent, generator=fresh())
        read = classify(judge, cv.sheet(cvae, z).flatten(0, 1))
        wanted = torch.arange(cvae.n_classes).repeat(n_codes)
        return (read == wanted).double().mean().item()

    def test() -> dict[str, float]:
        terms = average(cv.loss_function, cvae, test_x, test_y)
        found = {f"test {name}": value for name, value in terms.items()}
        return found | {"recognised": recognised(100)}

    def figures() -> dict[str, float]:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(settings["seed"])
            terms = average(cv.loss_function, cvae, test_x, test_y)
        bounds = cv.label_bounds(cvae, test_x, n_draws=8, generator=fresh())
        wrong = bounds.argmax(dim=1) != test_labels
        return {
            "test_bound": -sum(terms.values()),
            "recognised": recognised(1000),
            "classification_error": wrong.double().mean().item(),
        }

    def fresh() -> torch.Generator:
        return torch.Generator().manual_seed(settings["seed"])

    return Training(
        step=descend(cv.loss_function, cvae, optimizer),
        data=(x, y),
        state={"cvae": cvae, "optimizer": optimizer},
        evaluate=test,
        figures=figures,
    )


def plain_models(settings: Settings) -> Models:
    """An untrained autoencoder of the same size."""
    return {"vae": VAE(784, settings["n_latent"], settings["n_hidden"])}


def plain_training(models: Models, settings: Settings) -> Training:
    """The same, without labels."""
    digits = data.mnist()
    x, test_x = map(pixels.scaled, (digits.train_images, digits.test_images))
    vae = models["vae"]
    assert isinstance(vae, VAE)
    optimizer = torch.optim.Adam(
        vae.parameters(), settings["learning_rate"], fused=True
    )

    def test() -> dict[str, float]:
        terms = average(negative_elbo, vae, test_x)
        return {f"test {name}": value for name, value in terms.items()}

    def figures() -> dict[str, float]:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(settings["seed"])
            return {"test_bound": -sum(test().values())}

    return Training(
        step=descend(negative_elbo, vae, optimizer),
        data=(x,),
        state={"vae": vae, "optimizer": optimizer},
        evaluate=test,
        figures=figures,
    )


SETTINGS = {
    "dataset": "mnist.npz",
    "epochs": 50,
    "batch_size": 128,
    "seed": 0,
    "learning_rate": 1e-3,
    "n_latent": 10,
    "n_hidden": 400,
}
CVAE = Experiment(
    "the conditional autoencoder of digits",
    {**SETTINGS, "label_gain": 30.0},
    models,
    training,
)
TWIN = Experiment(
    "a plain autoencoder of the size of the conditional one",
    SETTINGS,
    plain_models,
    plain_training,
)
