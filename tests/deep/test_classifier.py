"""The judge of samples: what it measures is what it says."""

import numpy as np
import pytest
import torch
from scipy.linalg import sqrtm

from latent import data, experiments, pixels
from latent.deep.classifier import classify, features, frechet_distance


def drawn(mean, covariance, n=400_000, seed=0):
    rng = np.random.default_rng(seed)
    return torch.from_numpy(rng.multivariate_normal(mean, covariance, n))


def test_frechet_distance_of_gaussians_is_the_formula():
    """Against scipy's matrix square root, with covariances that do not commute."""
    a, b = np.array([[2.0, 0.9], [0.9, 1.0]]), np.array([[1.0, -0.5], [-0.5, 3.0]])
    found = frechet_distance(drawn([1, 0], a), drawn([0, 2], b, seed=1))
    wanted = 5 + np.trace(a + b - 2 * sqrtm(a @ b).real)
    assert found == pytest.approx(wanted, rel=0.01)
    assert wanted - 5 > 0.5  # so the covariances matter


def test_frechet_distance_to_itself_is_zero_even_if_singular():
    flat = (
        drawn([0, 0], np.eye(2), n=500) @ torch.tensor([[1.0, 2.0, 0.0]] * 2).double()
    )
    assert frechet_distance(flat, flat) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(
    ("a", "b"),
    [(torch.ones(1, 3), torch.ones(5, 3)), (torch.rand(5, 3), torch.rand(5, 2))],
)
def test_sets_that_have_no_distance_are_refused(a, b):
    with pytest.raises(ValueError, match="two sets of features of one width"):
        frechet_distance(a, b)


def test_the_published_classifier_reads_digits():
    """98 of 100; a shuffled image of another width is no digit."""
    images = data.mnist()
    x = pixels.scaled(images.test_images[:1000])
    classifier = experiments.load("classifier-mnist")["classifier"]
    right = classify(classifier, x).numpy() == images.test_labels[:1000]
    assert right.mean() > 0.97
    with pytest.raises(ValueError, match="rows of 784 pixels"):
        features(classifier, x[:, :783])
