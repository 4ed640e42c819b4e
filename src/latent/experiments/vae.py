"""The autoencoder of digits: 50 epochs on MNIST, binarised anew in every step."""

import torch
from torch import Tensor

from latent import data, pixels
from latent.deep.vae import VAE, kl_to_standard_normal, log_likelihood, negative_elbo
from latent.experiments.experiment import Experiment, Models, Settings, Training
from latent.train import Terms, average, descend

N_SAMPLES = 100  # codes for each image in the final estimate of the log-likelihood
ACTIVE = 0.05  # nats that a latent dimension carries at least, to count as used


def models(settings: Settings) -> Models:
    """An untrained autoencoder."""
    return {"vae": VAE(784, settings["n_latent"], settings["n_hidden"])}


def loss(vae: VAE, grey: Tensor) -> Terms:
    """The two terms for binary images drawn from grey levels, anew at every call."""
    return negative_elbo(vae, pixels.binarized(grey))


def test_images() -> Tensor:
    """The 10,000 test images, binarised once and for all by a draw with seed 0."""
    grey = pixels.scaled(data.mnist().test_images)
    return pixels.binarized(grey, generator=torch.Generator().manual_seed(0))


def training(models: Models, settings: Settings) -> Training:
    """Adam on the bound; the test terms are those of `test_images`."""
    model = models["vae"]
    assert isinstance(model, VAE)
    x = pixels.scaled(data.mnist().train_images)
    test = test_images()
    optimizer = torch.optim.Adam(
        model.parameters(), settings["learning_rate"], fused=True
    )

    def evaluate() -> dict[str, float]:
        terms = average(negative_elbo, model, test)
        return {f"test {name}": value for name, value in terms.items()}

    @torch.no_grad()
    def figures() -> dict[str, float]:
        generator = torch.Generator().manual_seed(0)
        found = log_likelihood(model, test, n_samples=N_SAMPLES, generator=generator)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            terms = average(negative_elbo, model, test)
        mean, log_variance = model.encode(test)
        rates = [
            kl_to_standard_normal(mean[:, [k]], log_variance[:, [k]]).mean()
            for k in range(model.n_latent)
        ]
        return {
            "test_bound": -sum(terms.values()),
            "test_log_likelihood": found.mean().item(),
            "active_dimensions": float(sum(rate > ACTIVE for rate in rates)),
        }

    return Training(
        step=descend(loss, model, optimizer),
        data=(x,),
        state={"vae": model, "optimizer": optimizer},
        evaluate=evaluate,
        figures=figures,
    )


MNIST = Experiment(
    "a variational autoencoder of digits",
    {
        "dataset": "mnist.npz",
        "epochs": 50,
        "batch_size": 128,
        "seed": 0,
        "learning_rate": 1e-3,
        "n_latent": 20,
        "n_hidden": 400,
    },
    models,
    training,
    snapshots=(10, 20, 30, 40, 50),
    snapshot="vae.decoder",
)
