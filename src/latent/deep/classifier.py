"""A small convolutional classifier, which judges what the generative models draw.

It stands beside the models, as an instrument: how often is a sample recognised as the
class that was asked for, how many classes are there, how far are samples from images
in the classifier's features.
"""

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from latent import checks, pixels
from latent.train import Terms

SIDE = 28


class Classifier(nn.Module):
    """Two convolutions and two linear layers on 28 x 28 images.

    Args:
        n_classes: C.
        n_features: F, the width of the layer before the last.
    """

    def __init__(self, n_classes: int = 10, n_features: int = 64) -> None:
        super().__init__()
        self.n_classes = n_classes
        self.features = nn.Sequential(
            nn.Unflatten(1, (1, SIDE, SIDE)),
            nn.Conv2d(1, 16, 5, padding=2),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(16, 32, 5, padding=2),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(32 * (SIDE // 4) ** 2, n_features),
            nn.ReLU(),
        )
        self.last = nn.Linear(n_features, n_classes)

    def forward(self, x: Float[Tensor, "B D"]) -> Float[Tensor, "B C"]:
        """Log-probabilities of the classes, up to a constant a row."""
        return self.last(self.features(x))


def cross_entropy(
    classifier: Classifier, x: Float[Tensor, "B D"], y: Int[Tensor, " B"]
) -> Terms:
    """Minus the mean log-probability of the labels, in nats."""
    return {"cross-entropy": F.cross_entropy(classifier(x), y)}


@torch.no_grad()
def features(
    classifier: Classifier, x: Float[Tensor, "N D"], *, batch_size: int = 1000
) -> Float[Tensor, "N F"]:
    """What the layer before the last gives for each image.

    Raises:
        ValueError: images that are not 784 grey levels from 0 to 1.
    """
    pixels.check(x, SIDE * SIDE)
    return torch.cat([classifier.features(part) for part in x.split(batch_size)])


@torch.no_grad()
def classify(classifier: Classifier, x: Float[Tensor, "N D"]) -> Int[Tensor, " N"]:
    """The most probable class of each image.

    Raises:
        ValueError: images that are not 784 grey levels from 0 to 1.
    """
    return classifier.last(features(classifier, x)).argmax(dim=1)


def frechet_distance(a: Float[Tensor, "N F"], b: Float[Tensor, "M F"]) -> float:
    r"""Squared Fréchet distance of two Gaussians with the moments of two samples.

    $\|\mu_a - \mu_b\|^2 + \operatorname{tr}(\Sigma_a + \Sigma_b - 2 (\Sigma_a
    \Sigma_b)^{1/2})$: zero for equal means and covariances. The trace of the root is
    the sum of the roots of the eigenvalues of $R^T \Sigma_b R$ with $R R^T = \Sigma_a$.

    Args:
        a: features of one set of images; at least two rows.
        b: features of another.

    Raises:
        ValueError: less than two rows, different widths, or NaN or infinity.
    """
    both = [checks.observations(part.numpy(), name="features") for part in (a, b)]
    if min(len(part) for part in both) < 2 or both[0].shape[1] != both[1].shape[1]:
        raise ValueError(
            "two sets of features of one width are wanted, two rows or more each; got "
            f"shapes {both[0].shape} and {both[1].shape}"
        )
    covariances = [np.atleast_2d(np.cov(part, rowvar=False)) for part in both]
    variances, directions = np.linalg.eigh(covariances[0])
    root = directions * np.sqrt(variances.clip(min=0))
    shared = np.linalg.eigvalsh(root.T @ covariances[1] @ root).clip(min=0)
    apart = np.square(both[0].mean(axis=0) - both[1].mean(axis=0)).sum()
    traces = np.trace(covariances[0]) + np.trace(covariances[1])
    return float(apart + traces - 2 * np.sqrt(shared).sum())
