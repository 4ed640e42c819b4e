"""What codes know of a label, and what the prior makes of them."""

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

from latent import checks, pixels
from latent.deep.classifier import Classifier, classify
from latent.deep.conditional_vae import CVAE
from latent.mixtures import gaussian_mixture as gmm


def log_joint(
    z: Float[Tensor, "B K"],
    mean: Float[Tensor, "N K"],
    log_variance: Float[Tensor, "N K"],
    labels: Int[Tensor, " N"],
    n_classes: int,
) -> Float[Tensor, "B C"]:
    r"""$\log q(y, z)$ of every code with every label, in nats (eq. `fashion-mixture`).

    The mixture has one Gaussian for each of N images. The squares are multiplied out,
    and digits cancel: hence double precision.

    Args:
        z: codes.
        mean: what the encoder gives for the N images.
        log_variance: the same.
        labels: of these images, 0 to C - 1.
        n_classes: C; a class without images has the probability zero.

    Raises:
        ValueError: a label that is no whole number from 0 to C - 1.
    """
    of_class = pixels.one_hot(labels, n_classes).bool().T
    precision = torch.exp(-log_variance.double())
    pull = mean * precision
    offset = (mean * pull + log_variance + np.log(2 * np.pi)).sum(dim=1)
    rows = []
    for part in z.double().split(256):
        squares = part**2 @ precision.T - 2 * part @ pull.T + offset
        sums = [torch.logsumexp(-0.5 * squares[:, own], dim=1) for own in of_class]
        rows.append(torch.stack(sums, dim=1) - np.log(len(mean)))
    return torch.cat(rows)


def label_posterior(
    log_joint: Float[Tensor, "B C"],
) -> Float[Tensor, "B C"]:
    r"""$\log q(y \mid z)$ by Bayes' rule (eq. `fashion-label-posterior`), in nats."""
    return F.log_softmax(log_joint, dim=1)


def information(
    log_probability: Float[Tensor, "N C"], labels: Int[Tensor, " N"]
) -> float:
    r"""At least so many nats of the label are in the code (eq. `cvae-probe`).

    Args:
        log_probability: $\log s(y \mid z_n)$, what a probe says of each code; a probe
            that has not been fitted to these codes.
        labels: the true ones.

    Raises:
        ValueError: labels out of range, or rows that are no distributions.
    """
    n_classes = log_probability.shape[1]
    total = log_probability.double().exp().sum(dim=1)
    if not ((total - 1).abs() < 1e-4).all():  # false of NaN, too
        row = int((~((total - 1).abs() < 1e-4)).nonzero()[0])
        raise ValueError(
            "each row must be the logarithm of a distribution; the probabilities of "
            f"row {row} sum to {total[row].item():.6g}: take log_softmax of logits"
        )
    shares = pixels.one_hot(labels, n_classes).double().mean(dim=0)
    entropy = -torch.xlogy(shares, shares).sum()
    return float(entropy - F.nll_loss(log_probability.double(), labels))


def prior_grid(side: int) -> Float[Tensor, "M 2"]:
    r"""Codes amid cells that the prior makes equally probable (eq. `fashion-grid`).

    Row by row from the top left, as an image is read: the first entry grows to the
    right, the second upwards.

    Raises:
        ValueError: `side` is no whole number above zero.
    """
    checks.count("side", side)
    shares = (torch.arange(1, side + 1, dtype=torch.float64) - 0.5) / side
    places = torch.special.ndtri(shares).float()
    across, up = torch.meshgrid(places, places.flip(0), indexing="xy")
    return torch.stack([across.flatten(), up.flatten()], dim=1)


def class_priors(
    z: Float[Tensor, "N K"],
    labels: Int[Tensor, " N"],
    *,
    n_components: int,
    rng: np.random.Generator,
) -> list[gmm.GaussianMixture]:
    r"""A mixture of Gaussians for the codes of each class (eq. `gmm-density`).

    Args:
        z: codes drawn for images.
        labels: of these images, 0 to C - 1, each at least `n_components` times.
        n_components: R, as many for each class.
        rng: where the fits start.

    Raises:
        ValueError: labels that are no such numbers, or too few codes of a class.
    """
    of_class = pixels.one_hot(labels, int(labels.max()) + 1).bool().T
    codes = z.double().numpy()
    return [
        gmm.fit(codes[own.numpy()], n_components, rng=rng, tol=1e-3).params
        for own in of_class
    ]


def draw_codes(
    priors: list[gmm.GaussianMixture], n: int, *, rng: np.random.Generator
) -> Float[Tensor, "N C K"]:
    """So many codes of each class, from its own prior.

    Raises:
        ValueError: n below one.
    """
    of_class = [gmm.sample(prior, n, rng=rng)[0] for prior in priors]
    return torch.from_numpy(np.stack(of_class, axis=1)).float()


@torch.no_grad()
def images_of(cvae: CVAE, z: Float[Tensor, "N C K"]) -> Float[Tensor, "N C D"]:
    """The pixels' probabilities for these codes; those in column c have the label c."""
    labels = torch.eye(cvae.n_classes).repeat(len(z), 1)
    logits = cvae.generative_model(z.flatten(0, 1), labels)
    return torch.sigmoid(logits).reshape(len(z), cvae.n_classes, -1)


def readings(judge: Classifier, images: Float[Tensor, "N A D"]) -> Float[Tensor, "A C"]:
    """Shares of the images in each column that are read as each of the classes."""
    n, asked = images.shape[:2]
    read = classify(judge, images.flatten(0, 1)).reshape(n, asked)
    every = pixels.one_hot(read.T.flatten(), judge.n_classes)
    return every.reshape(asked, n, -1).mean(dim=1)
