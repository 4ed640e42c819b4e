"""What codes know of a label: against enumeration and PyTorch's densities."""

import numpy as np
import pytest
import torch
from scipy.special import logsumexp
from torch.distributions import Normal

from latent.deep import fashion_manifold as fm
from latent.deep.classifier import Classifier
from latent.deep.conditional_vae import CVAE, sheet


def encoded(seed: int, n: int = 60):
    """Gaussians of n images, their labels (none is 1 of 0 to 3), and 600 codes."""
    make = torch.Generator().manual_seed(seed)
    mean = 2 * torch.randn(n, 3, generator=make)
    log_variance = torch.randn(n, 3, generator=make) - 2
    labels = torch.tensor([0, 2, 3])[torch.randint(3, (n,), generator=make)]
    return torch.randn(600, 3, generator=make), mean, log_variance, labels


def test_log_joint_adds_up_the_images_of_each_class() -> None:
    """Kills a mean over the class instead of a sum, and a lost logarithm of 2 pi."""
    z, mean, log_variance, labels = encoded(0)
    found = fm.log_joint(z[:7], mean, log_variance, labels, 4)
    for b, c in np.ndindex(7, 4):
        own = labels == c
        law = Normal(mean[own], (log_variance[own] / 2).exp())
        each = law.log_prob(z[b]).sum(dim=1)
        wanted = logsumexp(each) - np.log(60) if own.any() else -np.inf
        np.testing.assert_allclose(found[b, c], wanted, rtol=1e-5)


def test_log_joint_keeps_its_digits_for_narrow_gaussians_far_out() -> None:
    """Kills single precision, in which the squares cancel here."""
    mean = torch.tensor([[30.0, -30.0]])
    z = mean + torch.tensor([[0.02, -0.01]])
    found = fm.log_joint(z, mean, torch.full((1, 2), -9.0), torch.tensor([0]), 1)
    wanted = Normal(mean.double(), np.exp(-4.5)).log_prob(z.double()).sum()
    np.testing.assert_allclose(found, [[wanted]], rtol=1e-9)


def test_log_joint_does_not_depend_on_how_the_codes_are_cut() -> None:
    """Kills rows lost, repeated or exchanged between blocks."""
    z, mean, log_variance, labels = encoded(1)
    whole = fm.log_joint(z, mean, log_variance, labels, 4)
    for rows in ([0, 255, 256, 599], [511, 300]):
        alone = fm.log_joint(z[rows], mean, log_variance, labels, 4)
        torch.testing.assert_close(whole[rows], alone)


def test_information_is_that_of_bayes_rule_and_less_for_other_probes() -> None:
    """By enumeration of a table q(y, z). Kills a lost entropy and a wrong sign."""
    rng = np.random.default_rng(2)
    counts = rng.integers(1, 400, size=(3, 4))
    table = counts / counts.sum()
    y, z = (np.repeat(i.ravel(), counts.ravel()) for i in np.indices((3, 4)))
    apart = table.sum(axis=1, keepdims=True) * table.sum(axis=0)
    held = np.sum(table * np.log(table / apart))
    labels, rows = torch.from_numpy(y), torch.from_numpy(z)
    best = fm.label_posterior(torch.from_numpy(np.log(table.T)))[rows]
    np.testing.assert_allclose(fm.information(best, labels), held, rtol=1e-10)
    other = torch.log_softmax(torch.from_numpy(rng.normal(size=(4, 3))), dim=1)[rows]
    assert fm.information(other, labels) < held


def test_a_probe_that_says_the_frequencies_finds_nothing() -> None:
    labels = torch.tensor([0, 0, 1, 2, 2, 2])
    shares = (labels.bincount() / 6).log().expand(6, 3)
    assert abs(fm.information(shares, labels)) < 1e-7


def test_prior_grid_has_one_code_in_every_cell_of_equal_probability() -> None:
    """Kills a grid equally spaced in z, and axes exchanged or turned over."""
    chance = 8 * torch.special.ndtr(fm.prior_grid(8).double())
    cell = chance.floor()
    assert cell.tolist() == [[i, 7 - j] for j in range(8) for i in range(8)]
    torch.testing.assert_close(chance - cell, torch.full_like(chance, 0.5))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda z, y: fm.log_joint(z, z, z, y - 1, 3), r"labels\[0\] is -1"),
        (lambda z, y: fm.log_joint(z, z, z, y, 2), "labels must be 0 to 1"),
        (fm.information, "take log_softmax of logits"),
        (lambda z, y: fm.information(z * np.nan, y), "row 0 sum to nan"),
        (lambda z, y: fm.information(z.log_softmax(1), y), "labels must be 0 to 1"),
        (lambda _, __: fm.prior_grid(0), "side must be a whole number, 1 or more"),
    ],
)
def test_bad_input(call, message) -> None:
    z = torch.randn(9, 2, generator=torch.Generator().manual_seed(0))
    with pytest.raises(ValueError, match=message):
        call(z, torch.arange(9) % 3)


def test_each_class_gets_the_mixture_of_its_own_codes() -> None:
    """Two humps for one class, one far away for the other. Kills classes exchanged."""
    make = torch.Generator().manual_seed(0)
    labels = torch.arange(2).repeat(500)
    humps = torch.tensor([[-3.0, 0.0], [3.0, 0.0]])[torch.arange(1000) // 2 % 2]
    humps[labels == 1] = torch.tensor([0.0, 20.0])
    z = humps + 0.5 * torch.randn(1000, 2, generator=make)
    rng = np.random.default_rng(0)
    priors = fm.class_priors(z, labels, n_components=2, rng=rng)
    drawn = fm.draw_codes(priors, 2000, rng=rng)
    assert drawn.shape == (2000, 2, 2)
    for c in (0, 1):
        own = z[labels == c]
        np.testing.assert_allclose(drawn[:, c].mean(0), own.mean(0), atol=0.25)
        np.testing.assert_allclose(drawn[:, c].std(0), own.std(0), rtol=0.1)
    assert (drawn[:, 0, 0].abs() < 1).float().mean() < 0.01  # between the humps


def test_images_of_decodes_each_column_with_its_label() -> None:
    """As the sheet of common codes does. Kills rows and columns exchanged."""
    torch.manual_seed(0)
    model = CVAE(6, 3, 2, 8)
    z = torch.randn(5, 3, 2)
    found = fm.images_of(model, z)
    for c in range(3):
        torch.testing.assert_close(found[:, c], sheet(model, z[:, c])[:, c])


def test_readings_count_by_column() -> None:
    """Kills shares over the wrong axis, and classes read across put down."""
    judge = Classifier()
    read = torch.tensor([[3, 3], [3, 1], [0, 1], [3, 1]])
    judge.features = torch.nn.Sequential(torch.nn.Flatten())
    judge.last = torch.nn.Linear(784, 10)
    with torch.no_grad():
        judge.last.weight.copy_(torch.eye(10, 784))
    shares = fm.readings(judge, torch.eye(784)[read])
    wanted = torch.zeros(2, 10)
    wanted[0, [0, 3]], wanted[1, [1, 3]] = torch.tensor([[0.25, 0.75], [0.75, 0.25]])
    torch.testing.assert_close(shares, wanted)
