"""Gaussian mixtures against SciPy, scikit-learn, autograd, and the cases that break."""

import warnings

import numpy as np
import pytest
import torch
from scipy.stats import multivariate_normal
from sklearn.mixture import GaussianMixture as Peer

from latent.em import em
from latent.mixtures import gaussian_mixture as gmm

shapes = pytest.mark.parametrize("diagonal", [False, True], ids=["full", "diagonal"])


def matrices(params):
    full = params.covariances.ndim == 3
    return params.covariances if full else [np.diag(s) for s in params.covariances]


def a_mixture(rng, *, diagonal):
    a = rng.normal(size=(3, 4, 4))
    full = a @ a.transpose(0, 2, 1) + 0.2 * np.eye(4)
    shape = np.stack([np.diag(c) for c in full]) if diagonal else full
    return gmm.GaussianMixture(
        np.array([0.5, 0.3, 0.2]), rng.normal(size=(3, 4)), shape
    )


@shapes
def test_log_joint_is_weight_times_scipys_density(rng, diagonal):
    """Kills (2 pi)^{n/2}, a missing half, a determinant for its root."""
    params, x = a_mixture(rng, diagonal=diagonal), rng.normal(size=(9, 4))
    wanted = [
        np.log(w) + multivariate_normal(m, c).logpdf(x)
        for w, m, c in zip(params.weights, params.means, matrices(params), strict=True)
    ]
    np.testing.assert_allclose(gmm.log_joint(params, x), np.transpose(wanted))


@shapes
def test_responsibilities_and_likelihood_by_direct_sums(rng, diagonal):
    """Kills a normalisation over the data index, and a sum for a mean."""
    params, x = a_mixture(rng, diagonal=diagonal), rng.normal(size=(9, 4))
    joint = np.exp(gmm.log_joint(params, x))
    r, objective = gmm.e_step(params, x)
    np.testing.assert_allclose(r, joint / joint.sum(axis=1, keepdims=True))
    np.testing.assert_allclose(objective, np.log(joint.sum(axis=1)).mean())
    np.testing.assert_allclose(gmm.log_prob(params, x), np.log(joint.sum(axis=1)))
    np.testing.assert_array_equal(gmm.predict(params, x), r.argmax(axis=1))


@shapes
def test_gradient_of_the_bound_vanishes_after_the_m_step(blobs, diagonal):
    """Kills every wrong M-step: autograd differentiates Q itself."""
    start = gmm.init(blobs, 3, rng=np.random.default_rng(0), diagonal=diagonal)
    r, _ = gmm.e_step(start, blobs)
    best = gmm.m_step(start, blobs, r)
    logits, means, shape = (
        torch.tensor(v, requires_grad=True)
        for v in (np.log(best.weights), best.means, best.covariances)
    )
    cov = torch.diag_embed(shape) if diagonal else shape
    log_density = torch.distributions.MultivariateNormal(means, cov).log_prob(
        torch.tensor(blobs)[:, None]
    )
    q = (torch.tensor(r) * (logits.log_softmax(0) + log_density)).sum() / len(blobs)
    q.backward()
    for parameter in (logits, means, shape):
        assert parameter.grad.abs().max() < 1e-10


@shapes
def test_agrees_with_scikit_learn_from_the_same_start(blobs, diagonal):
    start = gmm.init(blobs, 3, rng=np.random.default_rng(0), diagonal=diagonal)
    precisions = 1 / start.covariances if diagonal else np.linalg.inv(start.covariances)
    peer = Peer(
        3,
        covariance_type="diag" if diagonal else "full",
        weights_init=start.weights,
        means_init=start.means,
        precisions_init=precisions,
        reg_covar=0,
        tol=0,
        max_iter=50,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the peer says that it did not converge
        peer.fit(blobs)
    ours = em(gmm.e_step, gmm.m_step, start, blobs, max_iter=50, tol=-1.0)
    np.testing.assert_allclose(ours.params.weights, peer.weights_, rtol=1e-6)
    np.testing.assert_allclose(ours.params.means, peer.means_, rtol=1e-6)
    np.testing.assert_allclose(ours.params.covariances, peer.covariances_, rtol=1e-6)
    np.testing.assert_allclose(ours.history[-1], peer.score(blobs), rtol=1e-9)


@shapes
@pytest.mark.parametrize("shift", [1e4, 1e8])
def test_shifted_data_move_the_means_and_nothing_else(blobs, diagonal, shift):
    """Kills E[x^2] - E[x]^2 about zero: at 1e8 it has no digit left."""
    here, there = (
        gmm.fit(blobs + s, 3, rng=np.random.default_rng(2), diagonal=diagonal).params
        for s in (0, shift)
    )
    np.testing.assert_allclose(there.means - shift, here.means, atol=1e-6)
    np.testing.assert_allclose(
        there.covariances, here.covariances, rtol=1e-6, atol=1e-6
    )


@shapes
def test_a_start_far_from_the_data_loses_no_digits(rng, diagonal):
    """Kills moments taken about the old means alone."""
    x = rng.normal(size=(50, 3)) * [1.0, 1e-3, 10.0]
    shape = np.ones((1, 3)) if diagonal else np.eye(3)[None]
    start = gmm.GaussianMixture(np.ones(1), np.full((1, 3), 1e9), shape)
    found = gmm.m_step(start, x, np.ones((50, 1)))
    np.testing.assert_allclose(found.means[0], x.mean(axis=0), rtol=1e-6)
    wanted = x.var(axis=0) if diagonal else np.cov(x.T, bias=True)
    np.testing.assert_allclose(found.covariances[0], wanted, rtol=1e-9)


@shapes
@pytest.mark.parametrize("distance", [1e4, 1e9])
def test_components_far_apart_lose_no_digits(rng, diagonal, distance):
    """Kills one origin for all components: at 1e9 it gave negative variances."""
    x = np.vstack([rng.normal(size=(50, 2)), rng.normal(size=(70, 2)) + distance])
    r = np.repeat(np.eye(2), [50, 70], axis=0)
    shape = np.ones((2, 2)) if diagonal else np.stack([np.eye(2)] * 2)
    start = gmm.GaussianMixture(np.full(2, 0.5), np.zeros((2, 2)), shape)
    found = gmm.m_step(start, x, r)
    for k, part in enumerate((x[:50], x[50:])):
        wanted = part.var(axis=0) if diagonal else np.cov(part.T, bias=True)
        np.testing.assert_allclose(found.covariances[k], wanted, rtol=1e-6)
        np.testing.assert_allclose(found.means[k], part.mean(axis=0), rtol=1e-12)


@shapes
@pytest.mark.parametrize("distance", [1e4, 1e6, 1e9])
def test_densities_far_apart_lose_no_digits(rng, diagonal, distance):
    """Kills squares about one origin: at 1e9 log-densities were off by 100 nats."""
    means = np.array([[-distance, 0.0], [distance, 3.0]])
    x = np.repeat(means, 5, axis=0) + rng.normal(size=(10, 2))
    shape = np.full((2, 2), 1.5) if diagonal else np.stack([1.5 * np.eye(2)] * 2)
    params = gmm.GaussianMixture(np.array([0.25, 0.75]), means, shape)
    wanted = [
        np.log(w) + multivariate_normal(m, c).logpdf(x)
        for w, m, c in zip(params.weights, means, matrices(params), strict=True)
    ]
    found = gmm.log_joint(params, x)
    np.testing.assert_allclose(found, np.transpose(wanted), rtol=1e-7)
    np.testing.assert_allclose(gmm.log_prob(params, x), np.max(wanted, axis=0), 1e-7)


@shapes
@pytest.mark.parametrize("scale", [1e-8, 1e6])
def test_a_change_of_units_changes_nothing_else(blobs, diagonal, scale):
    """Kills a floor in absolute units."""
    here, there = (
        gmm.fit(blobs * s, 3, rng=np.random.default_rng(2), diagonal=diagonal).params
        for s in (1.0, scale)
    )
    np.testing.assert_allclose(there.weights, here.weights, rtol=1e-6)
    np.testing.assert_allclose(
        there.covariances, here.covariances * scale**2, rtol=1e-5
    )


@shapes
def test_features_in_different_units(blobs, diagonal):
    """Kills one floor for all features, which would swamp the small one."""
    units = np.array([1e-6, 1e6])
    here = gmm.fit(blobs, 3, rng=np.random.default_rng(2), diagonal=diagonal)
    start = gmm.init(blobs, 3, rng=np.random.default_rng(2), diagonal=diagonal)
    square = units**2 if diagonal else np.outer(units, units)
    moved = gmm.GaussianMixture(
        start.weights, start.means * units, start.covariances * square
    )
    there = em(
        gmm.e_step,
        lambda p, x, r: gmm.m_step(p, x, r, floor=gmm.variance_floor(x)),
        moved,
        np.asfortranarray(blobs * units),
        tol=1e-6,
    )
    np.testing.assert_allclose(there.params.weights, here.params.weights, rtol=1e-6)


def test_log_sum_exp_survives_a_point_a_million_away(blobs):
    """Kills exp before the shift: 0 / 0."""
    start = gmm.init(blobs, 3, rng=np.random.default_rng(0))
    r, objective = gmm.e_step(start, np.vstack([blobs, [[1e6, 1e6]]]))
    np.testing.assert_allclose(r.sum(axis=1), 1)
    assert np.isfinite(objective)


@shapes
def test_duplicated_points(rng, diagonal):
    x = np.repeat(rng.normal(size=(4, 3)), 5, axis=0)
    run = gmm.fit(x, 4, rng=rng, diagonal=diagonal)
    assert np.isfinite(run.history).all()
    np.testing.assert_allclose(np.sort(run.params.weights), 0.25, atol=1e-6)


@shapes
def test_all_points_the_same(diagonal, rng):
    run = gmm.fit(np.full((6, 2), 0.1), 2, rng=rng, diagonal=diagonal)
    np.testing.assert_allclose(run.params.means, 0.1, rtol=1e-12)
    assert np.isfinite(run.history).all()


@shapes
def test_a_constant_column_changes_no_assignment(blobs, diagonal):
    """Kills a floor so small that rounding errors of a constant decide."""
    x = np.column_stack([blobs, np.full(len(blobs), 0.1)])
    here = gmm.fit(blobs, 3, rng=np.random.default_rng(4), diagonal=diagonal)
    there = gmm.fit(x, 3, rng=np.random.default_rng(4), diagonal=diagonal)
    np.testing.assert_allclose(
        there.responsibilities, here.responsibilities, rtol=0, atol=1e-3
    )


@shapes
def test_a_component_on_one_point_stops_at_the_floor(rng, diagonal):
    """Kills an unbounded likelihood: the outlier's variance stays at the floor."""
    x = np.vstack([rng.normal(size=(60, 2)), [[40.0, 40.0]]])
    run = gmm.fit(x, 2, rng=rng, diagonal=diagonal)
    lonely = run.params.weights.argmin()
    np.testing.assert_allclose(run.params.weights[lonely], 1 / 61, rtol=1e-6)
    floor = gmm.variance_floor(x)
    wanted = floor if diagonal else np.diag(floor)
    np.testing.assert_allclose(run.params.covariances[lonely], wanted, rtol=1e-6)


def test_the_floor_is_the_constrained_optimum(rng):
    """Kills a ridge: no covariance above the floor is likelier than the clipped one."""
    a = rng.normal(size=(3, 3))
    s = (a * [1.0, 0.5, 1e-3]) @ (a * [1.0, 0.5, 1e-3]).T
    floor = np.array([0.1, 0.2, 0.05])

    def fit_of(sigma):  # minus twice the mean log-likelihood
        return np.linalg.slogdet(sigma)[1] + np.trace(np.linalg.solve(sigma, s))

    best = gmm.floored(s, floor)
    unit = np.sqrt(np.outer(floor, floor))
    assert np.linalg.eigvalsh(best / unit)[0] > 1 - 1e-12
    for _ in range(200):
        b = rng.normal(size=(3, 3)) * rng.choice([0.01, 0.1, 1.0])
        assert fit_of(best) <= fit_of(gmm.floored(best + b @ b.T - b @ b.T / 2, floor))
        assert fit_of(best) <= fit_of(np.diag(floor) + b @ b.T)
    assert fit_of(best) < fit_of(s + np.diag(floor))


@shapes
def test_more_components_than_the_data_need(blobs, diagonal):
    run = gmm.fit(blobs[:12], 10, rng=np.random.default_rng(0), diagonal=diagonal)
    assert (np.diff(run.history) >= -1e-9).all()
    assert np.isfinite(run.params.covariances).all()


def test_covariances_are_symmetric_to_the_last_bit(rng):
    """Kills the rounding of (r z_i) z_j, which is not that of (r z_j) z_i."""
    x = rng.normal(size=(500, 6)) + 3
    start = gmm.init(x, 3, rng=rng)
    found = gmm.m_step(start, x, gmm.e_step(start, x)[0]).covariances
    np.testing.assert_array_equal(found, found.transpose(0, 2, 1))


@shapes
def test_a_component_without_observations_keeps_its_shape(blobs, diagonal):
    start = gmm.init(blobs, 3, rng=np.random.default_rng(0), diagonal=diagonal)
    r, _ = gmm.e_step(start, blobs)
    r = np.column_stack([r[:, :2] + r[:, 2:] / 2, np.zeros(len(blobs))])
    after = gmm.m_step(start, blobs, r)
    np.testing.assert_array_equal(after.means[2], start.means[2])
    np.testing.assert_array_equal(after.covariances[2], start.covariances[2])
    assert after.weights[2] == 0
    again, objective = gmm.e_step(after, blobs)
    assert (again[:, 2] == 0).all()
    assert np.isfinite(objective)


@shapes
def test_samples_have_the_moments_of_the_model(rng, diagonal):
    """Kills a variance used as a standard deviation."""
    params = a_mixture(rng, diagonal=diagonal)
    x, z = gmm.sample(params, 200_000, rng=rng)
    np.testing.assert_allclose(np.bincount(z) / len(z), params.weights, atol=0.005)
    for k, covariance in enumerate(matrices(params)):
        np.testing.assert_allclose(x[z == k].mean(axis=0), params.means[k], atol=0.05)
        np.testing.assert_allclose(
            np.cov(x[z == k].T, bias=True), covariance, atol=0.03 * covariance.max()
        )


@shapes
def test_a_known_mixture_is_found_again(rng, diagonal):
    params = a_mixture(rng, diagonal=diagonal)
    apart = gmm.GaussianMixture(params.weights, 9 * params.means, params.covariances)
    x, _ = gmm.sample(apart, 20_000, rng=rng)
    run = gmm.fit(x, 3, rng=rng, diagonal=diagonal, restarts=3)
    order = np.argsort(-run.params.weights)
    np.testing.assert_allclose(run.params.weights[order], apart.weights, atol=0.02)
    np.testing.assert_allclose(run.params.means[order], apart.means, atol=0.15)


@shapes
def test_a_floor_of_ones_own(blobs, diagonal):
    """Kills a floor that the start or the steps do not see."""
    floor = np.array([9.0, 16.0])
    run = gmm.fit(
        blobs, 9, rng=np.random.default_rng(0), diagonal=diagonal, floor=floor
    )
    assert run.params.covariances.shape == ((9, 2) if diagonal else (9, 2, 2))
    for covariance in matrices(run.params):
        unit = np.sqrt(np.outer(floor, floor))
        assert np.linalg.eigvalsh(covariance / unit)[0] > 1 - 1e-12
    default = gmm.variance_floor(blobs)
    same, usual = (
        gmm.fit(blobs, 3, rng=np.random.default_rng(0), diagonal=diagonal, floor=f)
        for f in (default, None)
    )
    np.testing.assert_array_equal(same.history, usual.history)


@shapes
def test_sums_are_taken_again_only_where_the_floor_does_not_hide_it(rng, diagonal):
    """Kills a second pass for every constant pixel, which made a step 7 times slower.

    Two groups far apart; in each the second feature is constant.
    """
    x = np.column_stack([rng.normal(size=40), np.repeat([0.0, 1.0], 20)])
    r = np.repeat(np.eye(2), 20, axis=0)
    settings = {"diagonal": diagonal, "origin": np.array([0.0, 0.3])}
    exact = gmm.moments(x, r, least=np.zeros(2), **settings)[2]
    rough = gmm.moments(x, r, least=np.full(2, 1e-3), **settings)[2]
    last = (..., 1) if diagonal else (..., 1, 1)
    np.testing.assert_array_equal(exact[last], 0)
    np.testing.assert_allclose(rough, exact, atol=1e-15)
    assert (rough[last] != 0).any()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"floor": np.ones(3)}, "floor must hold 2 finite variances above zero"),
        ({"floor": np.array([1.0, np.inf])}, r"got array\(\[ 1., inf\]\)"),
        ({"floor": np.array([1.0, 0.0])}, r"one a feature; got array\(\[1., 0.\]\)"),
        ({"x": np.zeros((0, 2))}, "at least one number"),
        ({"x": np.zeros(5)}, r"shape \(N, D\)"),
        ({"x": np.array([[0.0], [np.nan], [1.0]])}, r"x\[1, 0\] is nan"),
        (
            {"n_components": -1},
            "n_components must be a whole number, 1 or more; got -1",
        ),
        ({"n_components": 11}, "n_components is 11, but there are only 10"),
        ({"tol": -1.0}, "tol must be 0 or more"),
        ({"max_iter": 0}, "max_iter must be a whole number"),
    ],
)
def test_bad_input_is_named(rng, changes, message):
    arguments = {"x": rng.normal(size=(10, 2)), "n_components": 2, **changes}
    with pytest.raises(ValueError, match=message):
        gmm.fit(**arguments, rng=rng)


def test_sample_and_predict_name_bad_input(blobs, rng):
    params = gmm.fit(blobs, 2, rng=rng).params
    with pytest.raises(ValueError, match="n must be a whole number"):
        gmm.sample(params, 0, rng=rng)
    with pytest.raises(ValueError, match="3 features a row; the model has 2"):
        gmm.predict(params, np.zeros((4, 3)))
