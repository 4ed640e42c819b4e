"""The divergences: peers, quadrature and brute force, and what must hold of them."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from scipy import integrate, stats
from scipy.spatial.distance import jensenshannon
from torch.distributions import MultivariateNormal, kl_divergence

from latent.foundations import divergences as div

UNIFORM = np.full(4, 0.25)
HALF = np.array([0.5, 0.5, 0.0, 0.0])


def mixture(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Two normals of different weights and widths: log density and its derivative."""
    weights, means, deviations = np.array(
        [[[0.6], [0.4]], [[-2.0], [3.0]], [[0.7], [1.0]]]
    )
    log_joint = np.log(weights) + stats.norm.logpdf(x, means, deviations)
    total = np.logaddexp(*log_joint)
    pull = (means - x) / deviations**2
    return total, (np.exp(log_joint - total) * pull).sum(axis=0)


def differences(function: Callable[[np.ndarray], float], at: np.ndarray) -> np.ndarray:
    """The slope by central differences."""
    steps = 1e-5 * np.eye(len(at))
    return np.array([(function(at + h) - function(at - h)) / 2e-5 for h in steps])


def test_kl_and_entropies_are_those_of_scipy(rng):
    """Kills a swapped order, base two, a lost sign."""
    for p, q in rng.dirichlet(np.ones(5), size=(6, 2)):
        np.testing.assert_allclose(div.kl(p, q), stats.entropy(p, q), rtol=1e-12)
        np.testing.assert_allclose(div.entropy(p), stats.entropy(p), rtol=1e-12)
        total = div.kl(p, q) + div.entropy(p)
        np.testing.assert_allclose(div.cross_entropy(p, q), total, rtol=1e-12)
        peer = jensenshannon(p, q) ** 2
        np.testing.assert_allclose(div.js(p, q), peer, rtol=1e-9)


def test_zeros_count_nothing_or_infinitely_much():
    """Kills eps in a logarithm, and 0 log 0 = NaN."""
    assert div.kl(HALF, UNIFORM) == pytest.approx(np.log(2), abs=1e-15)
    assert div.kl(UNIFORM, HALF) == np.inf
    assert div.cross_entropy(UNIFORM, HALF) == np.inf
    assert div.kl(HALF, HALF) == div.js(HALF, HALF) == 0
    assert div.js(HALF, HALF[::-1]) == pytest.approx(np.log(2), abs=1e-15)
    assert div.entropy([0.0, 1.0]) == 0


def test_root_of_js_obeys_the_triangle_inequality_and_js_does_not(rng):
    """Kills a mixture with other weights than one half each."""
    for p, q, r in rng.dirichlet(np.full(3, 0.3), size=(200, 3)):
        assert div.js(p, q) == pytest.approx(div.js(q, p), abs=1e-15)
        assert 0 <= div.js(p, q) <= np.log(2)
        direct, around = div.js(p, r) ** 0.5, div.js(p, q) ** 0.5 + div.js(q, r) ** 0.5
        assert direct <= around + 1e-12
    ends, middle = np.eye(2), np.full(2, 0.5)
    assert div.js(*ends) > div.js(ends[0], middle) + div.js(middle, ends[1]) + 0.1


def covariance(rng: np.random.Generator, D: int) -> np.ndarray:
    a = rng.normal(size=(D, D))
    return a @ a.T + 0.1 * np.eye(D)


@pytest.mark.parametrize("D", [1, 2, 5])
def test_gaussian_kl_is_that_of_torch(rng, D):
    """Kills the other triangle, a deviation for a variance, a missing D."""
    p, q = ((rng.normal(size=D), covariance(rng, D)) for _ in range(2))
    peers = [MultivariateNormal(torch.tensor(m), torch.tensor(c)) for m, c in (p, q)]
    wanted = kl_divergence(*peers).item()
    np.testing.assert_allclose(div.gaussian_kl(*p, *q), wanted, rtol=1e-10)
    assert abs(div.gaussian_kl(*p, *p)) < 1e-13


def test_gaussian_kl_does_not_depend_on_the_coordinates(rng):
    """Kills whitening by the wrong factor, and a wrong log-determinant."""
    mean_p, mean_q, a = rng.normal(size=3), rng.normal(size=3), rng.normal(size=(3, 3))
    cov_p, cov_q = covariance(rng, 3), covariance(rng, 3)
    here = div.gaussian_kl(mean_p, cov_p, mean_q, cov_q)
    there = div.gaussian_kl(a @ mean_p, a @ cov_p @ a.T, a @ mean_q, a @ cov_q @ a.T)
    np.testing.assert_allclose(there, here, rtol=1e-8)


def test_diagonal_kl_is_the_full_one(rng):
    """Also against N(0, I), by broadcasting."""
    mean_p, mean_q = rng.normal(size=(2, 4))
    variance_p, variance_q = rng.uniform(0.2, 3, size=(2, 4))
    full = div.gaussian_kl(mean_p, np.diag(variance_p), mean_q, np.diag(variance_q))
    found = div.diagonal_kl(mean_p, variance_p, mean_q, variance_q)
    np.testing.assert_allclose(found, full, rtol=1e-12)
    full = div.gaussian_kl(mean_p, np.diag(variance_p), np.zeros(4), np.eye(4))
    np.testing.assert_allclose(div.diagonal_kl(mean_p, variance_p, 0, 1), full)


def test_density_kl_is_adaptive_quadrature():
    """Kills a forgotten spacing, and an integrand without its weight."""
    x = np.linspace(-30, 30, 4001)
    p, q = stats.norm.logpdf(x, 1, 0.7), stats.norm.logpdf(x, -0.5, 2)
    found = div.density_kl(p, q, x)
    wanted = div.gaussian_kl([1], [[0.49]], [-0.5], [[4.0]])
    np.testing.assert_allclose(found, wanted, rtol=1e-10)
    middle = (np.arange(4000) + 0.5) / 2000
    narrow, wide = (stats.uniform.logpdf(middle, 0, width) for width in (1, 2))
    np.testing.assert_allclose(div.density_kl(narrow, wide, middle), np.log(2))
    assert div.density_kl(wide, narrow, middle) == np.inf


def test_forward_fit_has_the_moments_and_is_the_best(rng):
    """Kills a divisor K - 1, and the second moment for the variance."""
    x, p = rng.normal(size=7) + 1e6, rng.dirichlet(np.ones(7))
    best = div.forward_fit(x, p)
    np.testing.assert_allclose(best.variance, np.cov(x, aweights=p, ddof=0), rtol=1e-6)
    score = p @ best.log_prob(x)
    for factor in (0.9, 1.1):
        near = div.Normal(best.mean, factor * best.variance)
        assert p @ near.log_prob(x) < score
        near = div.Normal(best.mean + (factor - 1), best.variance)
        assert p @ near.log_prob(x) < score


@pytest.mark.parametrize("q", [div.Normal(-2.0, 0.5), div.Normal(1.0, 6.0)])
def test_reverse_kl_is_adaptive_quadrature_and_its_slope_the_difference(q):
    """Kills a lost entropy, and a slope in the variance for one in the deviation."""

    def integrand(t: float) -> float:
        log_q = float(stats.norm.logpdf(t, q.mean, q.variance**0.5))
        return float(np.exp(log_q)) * (log_q - mixture(np.array([t]))[0][0])

    wanted = integrate.quad(integrand, -25, 25, limit=200, points=[-2, 3])[0]
    value, slope = div.reverse_kl(mixture, q)
    np.testing.assert_allclose(value, wanted, rtol=1e-8)

    def at(free: np.ndarray) -> float:
        return div.reverse_kl(mixture, div.Normal(free[0], free[1] ** 2))[0]

    free = np.array([q.mean, q.variance**0.5])
    np.testing.assert_allclose(slope, differences(at, free), atol=1e-8)


def test_reverse_fit_finds_both_modes_and_the_only_one_of_a_normal():
    """Kills a minimiser that leaves its start's valley, or stops before the bottom."""
    left, right = (div.reverse_fit(mixture, div.Normal(m, 1.0)) for m in (-2.5, 4.0))
    assert -2.2 < left.mean < -1.8
    assert 2.8 < right.mean < 3.2
    for fit in (left, right):
        value, slope = div.reverse_kl(mixture, fit)
        assert np.abs(slope).max() < 1e-7
        for mean, factor in ((0.1, 1), (-0.1, 1), (0, 1.1), (0, 0.9)):
            near = div.Normal(fit.mean + mean, fit.variance * factor)
            assert div.reverse_kl(mixture, near)[0] > value

    def normal(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return -((x - 7) ** 2) / 18, (7 - x) / 9  # not normalised

    found = div.reverse_fit(normal, div.Normal(-3.0, 0.04))
    np.testing.assert_allclose([found.mean, found.variance], [7, 9], rtol=1e-6)


@pytest.mark.parametrize("unit", [2.0**-20, 2.0**20])
def test_the_unit_of_x_changes_nothing(unit):
    """Kills a slope in other letters than those that are moved."""

    def scaled(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        log_p, slope = mixture(x / unit)
        return log_p - np.log(unit), slope / unit

    here = div.reverse_fit(mixture, div.Normal(1.0, 0.1))
    there = div.reverse_fit(scaled, div.Normal(unit, 0.1 * unit**2))
    np.testing.assert_allclose(there.mean, unit * here.mean, rtol=1e-7)
    np.testing.assert_allclose(there.variance, unit**2 * here.variance, rtol=1e-7)


def test_label_kl_is_the_divergence_of_the_label_and_its_slope_the_difference(rng):
    """Kills swapped labels: the log odds are those of label 0."""
    inputs, labels = rng.normal(size=(9, 3)), np.arange(9) % 2
    weights = rng.normal(size=3)
    value, slope = div.label_kl(weights, inputs, labels)
    zero = 1 / (1 + np.exp(-inputs @ weights))
    each = [div.kl(np.eye(2)[y], [q, 1 - q]) for y, q in zip(labels, zero, strict=True)]
    np.testing.assert_allclose(value, np.mean(each), rtol=1e-12)

    def at(w: np.ndarray) -> float:
        return div.label_kl(w, inputs, labels)[0]

    np.testing.assert_allclose(slope, differences(at, weights), atol=1e-9)


def test_label_kl_of_certain_models_is_finite():
    """Kills a logarithm of a probability that has become zero."""
    for logit, label, wanted in (
        (1e3, 0, 0),
        (1e3, 1, 1e3),
        (-1e3, 0, 1e3),
        (-1e3, 1, 0),
    ):
        inputs = np.array([[logit]])
        value, slope = div.label_kl(np.ones(1), inputs, np.array([label]))
        np.testing.assert_allclose([value, abs(slope[0])], [wanted, wanted])


@pytest.mark.parametrize(
    ("function", "arguments", "message"),
    [
        (div.kl, ([0.5, 0.6], [0.5, 0.5]), "p must sum to one; got 1.1"),
        (div.kl, ([0.5, 0.5], [1.5, -0.5]), "q must not be negative or NaN"),
        (div.js, ([0.5, np.nan], [0.5, 0.5]), "p must not be negative or NaN"),
        (div.kl, ([1.0], [0.5, 0.5]), "p is over 1 values, but q over 2"),
        (div.entropy, (np.eye(2),), r"vector of probabilities; got \(2, 2\)"),
        (div.cross_entropy, ([], []), "vector of probabilities"),
        (div.forward_fit, ([1.0], [0.5, 0.5]), r"x must have shape \(2,\)"),
        (div.diagonal_kl, ([0.0], [0.0], 0, 1), "variance_p must be positive; got 0"),
        (
            div.forward_fit,
            ([1.0, 2.0], [0.0, 1.0]),
            "must have a positive variance; got 0.0",
        ),
        (
            div.diagonal_kl,
            (np.zeros(2), np.ones(2), 0, np.ones((2, 1))),
            r"one shape \(D,\), or be numbers; got .* \(2, 1\)",
        ),
        (
            div.gaussian_kl,
            ([0.0], [[1.0]], [0.0, 0.0], np.eye(2)),
            "p has 1 dimensions, but q has 2",
        ),
        (
            div.gaussian_kl,
            ([0.0, 0.0], [1.0, 1.0], [0.0, 0.0], np.eye(2)),
            r"mean_p and cov_p must have shapes \(D,\) and \(D, D\)",
        ),
        (
            div.gaussian_kl,
            ([0.0, 0.0], np.eye(2), [0.0, 0.0], np.diag([1.0, -1.0])),
            "cov_q must be positive definite; its least eigenvalue is -1",
        ),
        (
            div.gaussian_kl,
            ([0.0, 0.0], [[1.0, 0.5], [0.0, 1.0]], [0.0, 0.0], np.eye(2)),
            "cov_p must be symmetric",
        ),
        (
            div.gaussian_kl,
            ([np.nan], [[1.0]], [0.0], [[1.0]]),
            "mean_p and cov_p must be finite",
        ),
        (
            div.density_kl,
            (np.zeros(1), np.zeros(1), np.zeros(1)),
            "x must hold at least two points; got 1",
        ),
        (
            div.density_kl,
            (np.zeros(3), np.zeros(3), np.array([0.0, 0.5, 2.0])),
            "x must be equally spaced; its steps are from 0.5 to 1.5",
        ),
        (
            div.reverse_fit,
            (mixture, div.Normal(0.0, -1.0)),
            "start.variance must be positive; got -1",
        ),
        (
            div.label_kl,
            (np.ones(1), np.ones((2, 1)), np.array([1, 2])),
            "labels must be 0 or 1",
        ),
    ],
)
def test_bad_input_is_refused_with_reason(function, arguments, message):
    with pytest.raises(ValueError, match=message):
        function(*arguments)


def test_a_grid_that_misses_mass_is_refused():
    """Kills a divergence that comes out too small because p was cut off."""
    x = np.linspace(-1, 1, 101)
    with pytest.raises(ValueError, match=r"p must integrate to one .* got 0\.68"):
        div.density_kl(stats.norm.logpdf(x), stats.norm.logpdf(x), x)


def test_a_target_with_a_hole_is_refused():
    def hole(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return np.where(x > 0, -x, -np.inf), np.full_like(x, -1.0)

    with pytest.raises(ValueError, match="not finite at the start"):
        div.reverse_fit(hole, div.Normal(1.0, 1.0))


def test_a_descent_without_a_bottom_is_an_error():
    """Kills an answer that is only where the minimiser gave up."""

    def endless(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return x, np.ones_like(x)

    with pytest.raises(ArithmeticError, match="no optimum was reached"):
        div.reverse_fit(endless, div.Normal(0.0, 1.0))
