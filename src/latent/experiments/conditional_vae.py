"""The conditional autoencoder of digits, beside a twin that is told no labels."""

import torch
from torch import Tensor

from latent import data, pixels
from latent.deep import conditional_vae as cv
from latent.deep.classifier import Classifier, classify
from latent.deep.vae import VAE, negative_elbo
from latent.experiments.experiment import Experiment, Models, Settings, Training
from latent.train import Terms, average, descend


def models(settings: Settings) -> Models:
    """Both, untrained and of one size."""
    size = settings["n_latent"], settings["n_hidden"]
    cvae = cv.CVAE(784, 10, *size, label_gain=settings["label_gain"])
    return {"cvae": cvae, "twin": VAE(784, *size)}


def training(models: Models, settings: Settings) -> Training:
    """Minus the bound of either, by Adam; both see the same batches."""
    from latent.experiments.saved import load  # noqa: PLC0415, it imports this module

    digits = data.mnist()
    x, test_x = map(pixels.scaled, (digits.train_images, digits.test_images))
    labels, test_labels = map(
        torch.from_numpy, (digits.train_labels, digits.test_labels)
    )
    y, test_y = (pixels.one_hot(part, 10) for part in (labels, test_labels))
    cvae, twin = models["cvae"], models["twin"]
    judge = load("classifier-mnist")["classifier"]
    assert isinstance(cvae, cv.CVAE)
    assert isinstance(twin, VAE)
    assert isinstance(judge, Classifier)
    optimizers = {
        name: torch.optim.Adam(m.parameters(), settings["learning_rate"], fused=True)
        for name, m in models.items()
    }
    conditional = descend(cv.loss_function, cvae, optimizers["cvae"])
    plain = descend(negative_elbo, twin, optimizers["twin"])

    def step(x: Tensor, y: Tensor) -> Terms:
        other = {f"twin {name}": term for name, term in plain(x).items()}
        return conditional(x, y) | other

    def recognised(n_codes: int) -> float:
        """The share of samples that the classifier reads as the label asked for."""
        z = torch.randn(n_codes, cvae.n_latent, generator=fresh())
        read = classify(judge, cv.sheet(cvae, z).flatten(0, 1))
        wanted = torch.arange(cvae.n_classes).repeat(n_codes)
        return (read == wanted).double().mean().item()

    def test() -> dict[str, float]:
        terms = average(cv.loss_function, cvae, test_x, test_y)
        found = {f"test {name}": value for name, value in terms.items()}
        terms = average(negative_elbo, twin, test_x)
        found |= {f"test twin {name}": value for name, value in terms.items()}
        return found | {"recognised": recognised(100)}

    def figures() -> dict[str, float]:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(settings["seed"])
            found = test()
        bounds = cv.label_bounds(cvae, test_x, n_draws=8, generator=fresh())
        wrong = bounds.argmax(dim=1) != test_labels
        return {
            "test_bound": -found["test distortion"] - found["test rate"],
            "test_bound_of_twin": -found["test twin distortion"]
            - found["test twin rate"],
            "recognised": recognised(1000),
            "classification_error": wrong.double().mean().item(),
        }

    def fresh() -> torch.Generator:
        return torch.Generator().manual_seed(settings["seed"])

    return Training(
        step=step,
        data=(x, y),
        state={**models, **{f"{name} adam": o for name, o in optimizers.items()}},
        evaluate=test,
        figures=figures,
    )


CVAE = Experiment(
    "the conditional autoencoder of digits, and a plain one of its size",
    {
        "dataset": "mnist.npz",
        "epochs": 50,
        "batch_size": 128,
        "seed": 0,
        "learning_rate": 1e-3,
        "n_latent": 10,
        "n_hidden": 400,
        "label_gain": 30.0,
    },
    models,
    training,
)
