"""Densities of transformed variables: against simulation, quadrature and autograd."""

import numpy as np
import pytest
import torch
from scipy import stats
from scipy.integrate import quad

from latent.flows import change_of_variables as cov

RIM = np.sqrt(2)


def test_a_falling_map_keeps_the_density_positive():
    """Kills a missing absolute value; Y = exp(-X), against scipy's lognormal."""
    y = np.linspace(0.1, 5, 50)
    found = cov.transformed_log_prob(
        y, stats.norm(0.3, 0.7).logpdf, lambda v: -np.log(v), lambda v: -1 / v
    )
    np.testing.assert_allclose(found, stats.lognorm(0.7, scale=np.exp(-0.3)).logpdf(y))


def test_lognormal_is_scipys_and_zero_below_zero():
    y = np.array([-1.0, 0.0, 0.2, 1.0, 7.0])
    found = cov.lognormal_log_prob(y, 0.5, 0.8)
    wanted = stats.lognorm(0.8, scale=np.exp(0.5)).logpdf(y)
    np.testing.assert_allclose(found, wanted)


def test_square_distance_agrees_with_simulation():
    """Kolmogorov's distance of a million points: 0.0016 is passed once in 10,000."""
    rng = np.random.default_rng(0)
    z = np.sort(np.linalg.norm(rng.uniform(0, 2, (10**6, 2)) - 1, axis=1))
    empirical = np.arange(1, len(z) + 1) / len(z)
    assert np.abs(empirical - cov.square_distance_cdf(z)).max() < 0.0022


def test_square_density_is_the_slope_and_integrates_to_one():
    for low, high in ((0, 0.5), (0.7, 1), (1, 1.2), (0.9, 1.4), (1, RIM)):
        area = quad(
            lambda z: cov.square_distance_pdf(np.array(z)), low, high, points=[1]
        )[0]
        rise = np.diff(cov.square_distance_cdf(np.array([low, high])))[0]
        assert area == pytest.approx(rise, abs=1e-9)
    assert cov.square_distance_cdf(np.array([RIM]))[0] == pytest.approx(1, abs=1e-12)


def test_square_density_at_its_joints():
    """Continuous at 1, zero from the corner on and below zero."""
    z = np.array([1 - 1e-9, 1 + 1e-9, RIM - 1e-12, RIM + 1e-9, 3, -0.5])
    found = cov.square_distance_pdf(z)
    np.testing.assert_allclose(found[:2], np.pi / 2, atol=1e-4)
    np.testing.assert_allclose(found[2:], 0, atol=1e-5)
    np.testing.assert_allclose(cov.square_distance_cdf(np.array([-1.0, 9])), [0, 1])


@pytest.mark.parametrize("slope", [0.1, 0.5, 3.0])
def test_the_leaky_flow_is_undone(slope):
    z = np.random.default_rng(0).normal(size=(50, 4))
    x = cov.leaky_relu(z, slope)
    np.testing.assert_allclose(cov.leaky_relu_inverse(x, slope), z, rtol=1e-14)
    torchs = torch.nn.functional.leaky_relu(torch.from_numpy(z), slope).numpy()
    np.testing.assert_allclose(x, torchs)


@pytest.mark.parametrize("slope", [0.1, 0.5, 3.0])
def test_log_determinant_is_autograds(slope):
    z = np.random.default_rng(1).normal(size=(6, 5))
    jacobians = [
        torch.autograd.functional.jacobian(
            lambda row: torch.nn.functional.leaky_relu(row, slope),
            torch.from_numpy(row),
        )
        for row in z
    ]
    wanted = [torch.linalg.slogdet(jacobian)[1].item() for jacobian in jacobians]
    found = cov.leaky_relu_log_det(z, slope)
    np.testing.assert_allclose(found, wanted, rtol=1e-12)


def test_a_zero_is_warned_of_and_counts_as_the_right():
    z = np.array([[0.0, -1.0, 2.0]])
    with pytest.warns(RuntimeWarning, match="1 of 3 entries of z are exactly 0"):
        found = cov.leaky_relu_log_det(z)
    np.testing.assert_allclose(found, [np.log(0.1)])


@pytest.mark.parametrize("slope", [0.0, -0.1, float("nan")])
def test_a_slope_that_cannot_be_undone_is_refused(slope):
    z = np.ones((1, 2))
    for function in (cov.leaky_relu, cov.leaky_relu_inverse, cov.leaky_relu_log_det):
        with pytest.raises(ValueError, match="slope must be positive"):
            function(z, slope)


def test_a_negative_deviation_is_refused():
    with pytest.raises(ValueError, match=r"standard deviation; got -0\.5"):
        cov.lognormal_log_prob(np.ones(2), 0.0, -0.5)
