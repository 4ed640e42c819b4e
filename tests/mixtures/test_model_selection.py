"""Criteria, held-out likelihoods and matchings against peers, counts, brute force."""

import itertools

import numpy as np
import pytest
from scipy.stats import multivariate_normal
from sklearn.mixture import GaussianMixture as Peer
from sklearn.model_selection import KFold, cross_val_score

from latent import data
from latent.em import em
from latent.mixtures import gaussian_mixture as gmm
from latent.mixtures import model_selection as ms

shapes = pytest.mark.parametrize("diagonal", [False, True], ids=["full", "diagonal"])


def fitted(x, k, *, diagonal=True, seed=0, **settings):
    rng = np.random.default_rng(seed)
    return gmm.fit(x, k, rng=rng, diagonal=diagonal, **settings)


def as_peer(params):
    """scikit-learn's model with these parameters; it computes its criteria itself."""
    diagonal = params.covariances.ndim == 2
    peer = Peer(len(params.weights), covariance_type="diag" if diagonal else "full")
    peer.weights_, peer.means_ = params.weights, params.means
    peer.covariances_ = params.covariances
    peer.precisions_cholesky_ = (
        params.covariances**-0.5
        if diagonal
        else np.linalg.inv(np.linalg.cholesky(params.covariances)).transpose(0, 2, 1)
    )
    return peer


@shapes
def test_criteria_are_those_of_scikit_learn(blobs, diagonal):
    """Kills a mean for the sum, a lost half or sign, K for K - 1, log K for log N."""
    run = fitted(blobs, 3, diagonal=diagonal)
    peer = as_peer(run.params)
    np.testing.assert_allclose(ms.aic(run), peer.aic(blobs), rtol=1e-10)
    np.testing.assert_allclose(ms.bic(run), peer.bic(blobs), rtol=1e-10)


@shapes
def test_parameters_are_the_directions_in_which_the_density_changes(rng, diagonal):
    """Kills K weights for K - 1, and D^2 numbers for a symmetric matrix.

    The rank of the derivative of the log-density at many points, in all entries, with
    weights normalised and matrices made symmetric, is the number of free parameters.
    """
    K, D = 3, 3
    points = rng.normal(size=(200, D))
    entries = K + K * D + (K * D if diagonal else K * D * D)
    at = rng.normal(size=entries)

    def log_density(flat):
        weights, means, shape = np.split(flat, [K, K + K * D])
        if diagonal:
            variances = np.exp(shape.reshape(K, D))
            covariances = [np.diag(v) for v in variances]
        else:
            roots = shape.reshape(K, D, D)
            covariances = roots @ roots.transpose(0, 2, 1) + np.eye(D)
        parts = [
            w * multivariate_normal(m, c).pdf(points)
            for w, m, c in zip(
                np.exp(weights) / np.exp(weights).sum(),
                means.reshape(K, D),
                covariances,
                strict=True,
            )
        ]
        return np.log(np.sum(parts, axis=0))

    h = 1e-5
    columns = [
        (log_density(at + h * e) - log_density(at - h * e)) / (2 * h)
        for e in np.eye(entries)
    ]
    singular = np.linalg.svd(np.transpose(columns), compute_uv=False)
    rank = (singular > 1e-7 * singular[0]).sum()
    shape = (K, D) if diagonal else (K, D, D)
    params = gmm.GaussianMixture(np.full(K, 1 / K), np.zeros((K, D)), np.ones(shape))
    assert ms.n_parameters(params) == rank


def test_the_log_likelihood_is_a_sum_over_the_data(blobs):
    run = fitted(blobs, 2)
    wanted = gmm.log_prob(run.params, blobs).sum()
    np.testing.assert_allclose(ms.log_likelihood(run), wanted, rtol=1e-12)


def test_bic_finds_the_components_that_are_there(blobs):
    """Kills a criterion whose penalty has the wrong sign: it takes the most it may."""
    full = [fitted(blobs, k, diagonal=False, restarts=5) for k in range(1, 7)]
    assert np.argmin([ms.bic(run) for run in full]) + 1 == 3
    likelihoods = [ms.log_likelihood(run) for run in full]
    assert np.argmax(likelihoods) + 1 > 3


def test_bic_finds_the_five_of_the_dataset_with_restarts():
    known = data.gmm_dataset()
    runs = [fitted(known.x, k, restarts=12, tol=1e-5) for k in (4, 5, 6)]
    assert np.argmin([ms.bic(run) for run in runs]) == 1
    found = runs[1].params
    pairs = ms.matching(found.means, known.means)
    assert sorted(pairs) == [0, 1, 2, 3, 4]
    np.testing.assert_allclose(found.weights, known.weights[pairs], atol=0.02)
    np.testing.assert_allclose(found.means, known.means[pairs], atol=0.4)


@pytest.mark.parametrize(("n", "n_folds"), [(10, 2), (11, 3), (7, 7), (1000, 10)])
def test_folds_are_as_equal_as_can_be(n, n_folds, rng):
    sizes = np.bincount(ms.folds(n, n_folds, rng=rng), minlength=n_folds)
    assert sizes.sum() == n
    assert len(sizes) == n_folds
    assert np.ptp(sizes) <= 1


def test_folds_are_drawn(rng):
    """Kills folds in the order of the rows: sorted data would lose whole clusters."""
    one, two = (ms.folds(60, 3, rng=rng) for _ in range(2))
    again = ms.folds(60, 3, rng=np.random.default_rng(0))
    assert (one != two).any()
    assert (np.diff(one) != 0).sum() > 20
    np.testing.assert_array_equal(again, ms.folds(60, 3, rng=np.random.default_rng(0)))


def test_no_observation_is_scored_by_a_fit_that_saw_it(rng):
    """Kills scoring on the training part, and rows put back in another order."""
    x = rng.normal(size=(12, 1))
    fold, seen = ms.folds(12, 4, rng=rng), []

    def narrow(rows):
        seen.append(rows)
        return gmm.GaussianMixture(np.ones(1), rows.mean(axis=0)[None], np.eye(1))

    found = ms.held_out(x, fold, narrow)
    assert [len(rows) for rows in seen] == [9] * 4
    for n in range(12):
        others = x[fold != fold[n]].mean()
        wanted = -((x[n, 0] - others) ** 2 + np.log(2 * np.pi)) / 2
        np.testing.assert_allclose(found[n], wanted)
        (part,) = (rows for rows in seen if np.isclose(rows.mean(), others))
        assert x[n, 0] not in part


def test_held_out_agrees_with_scikit_learn(blobs):
    """One component has no local maxima, so that both find the same fit."""
    fold = np.empty(len(blobs), dtype=int)
    splits = list(KFold(5, shuffle=True, random_state=0).split(blobs))
    for v, (_, left_out) in enumerate(splits):
        fold[left_out] = v
    peer = Peer(1, covariance_type="diag", reg_covar=0)
    theirs = cross_val_score(peer, blobs, cv=splits)
    ours = ms.held_out(blobs, fold, lambda rows: fitted(rows, 1).params)
    parts = [ours[fold == v].mean() for v in range(5)]
    np.testing.assert_allclose(parts, theirs, rtol=1e-10)


def test_the_matching_is_the_best_of_all(rng):
    """Kills a greedy matching, and distances that are not squared."""
    greedy_fails = False
    for _ in range(20):
        means, others = rng.normal(size=(2, 5, 2))
        cost = ((means[:, None] - others) ** 2).sum(axis=2)
        orders = itertools.permutations(range(5))
        best = min(orders, key=lambda order: cost[range(5), order].sum())
        np.testing.assert_array_equal(ms.matching(means, others), best)
        greedy_fails |= len(set(cost.argmin(axis=1))) < 5
    assert greedy_fails


def test_the_matching_undoes_a_permutation(rng):
    means, order = rng.normal(size=(6, 3)), rng.permutation(6)
    np.testing.assert_array_equal(means[ms.matching(means[order], means)], means[order])


@shapes
def test_reordered_components_are_the_same_mixture(blobs, diagonal):
    """Kills weights that are left behind."""
    run = fitted(blobs, 4, diagonal=diagonal)
    ascending = ms.reordered(run.params, np.argsort(run.params.weights))
    assert (np.diff(ascending.weights) > 0).all()
    assert (np.diff(run.params.weights) < 0).any()
    np.testing.assert_allclose(
        gmm.log_prob(ascending, blobs), gmm.log_prob(run.params, blobs)
    )


class Counting(np.ndarray):
    """An array that counts the multiplications of the matrix products it enters."""

    made, __array_priority__ = 0, 1

    def __array_ufunc__(self, ufunc, method, *inputs, out=(), **options):
        plain = [np.asarray(a) for a in inputs]
        if out:
            options["out"] = tuple(np.asarray(a) for a in out)
        if ufunc is np.matmul:
            Counting.made += plain[0].size * plain[1].shape[-1]
        return np.asarray(getattr(ufunc, method)(*plain, **options)).view(Counting)


@pytest.mark.parametrize(("N", "K", "D"), [(300, 2, 3), (700, 5, 4), (9001, 3, 6)])
def test_an_iteration_multiplies_as_often_as_the_chapter_says(rng, N, K, D):
    """Kills a pass more over the data, or one that grows like D^2."""
    x = np.asfortranarray(rng.normal(size=(N, D)))
    arrays = np.full(K, 1 / K), rng.normal(size=(K, D)), np.ones((K, D))
    params = gmm.GaussianMixture(*(a.view(Counting) for a in arrays))
    Counting.made = 0
    r, _ = gmm.e_step(params, x)
    assert Counting.made == N * K * (2 * D + 1)
    gmm.m_step(params, x, r.view(Counting))
    assert Counting.made == 2 * N * K * (2 * D + 1)


def test_em_stops_after_as_many_steps_in_another_unit(blobs):
    """Kills a relative rule in the driver: another unit would stop it elsewhere."""
    start = gmm.init(blobs, 3, rng=np.random.default_rng(0), diagonal=True)
    shrunk = gmm.GaussianMixture(
        start.weights, start.means / 1e3, start.covariances / 1e6
    )
    runs = [
        em(gmm.e_step, gmm.m_step, s, x, tol=1e-5)
        for s, x in ((start, blobs), (shrunk, blobs / 1e3))
    ]
    assert len(runs[0].history) == len(runs[1].history)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda rng: ms.folds(10, 1, rng=rng), "leaves nothing to fit to"),
        (lambda rng: ms.folds(10, 11, rng=rng), "n_folds is 11, but there are only 10"),
        (lambda rng: ms.folds(0, 2, rng=rng), "n must be a whole number, 1 or more"),
        (
            lambda rng: ms.held_out(np.ones((4, 1)), np.arange(3), lambda x: x),
            r"fold has shape \(3,\); x wants \(4,\)",
        ),
        (
            lambda rng: ms.held_out(np.ones((4, 1)), np.zeros(4, int), lambda x: x),
            "all observations are in one fold",
        ),
        (
            lambda rng: ms.held_out(np.array([[np.nan], [1.0]]), np.arange(2), abs),
            "x must be finite",
        ),
        (
            lambda rng: ms.matching(np.ones((2, 3)), np.ones((3, 3))),
            r"got \(2, 3\) and \(3, 3\)",
        ),
    ],
)
def test_bad_input_is_refused_with_help(call, words, rng):
    with pytest.raises(ValueError, match=words):
        call(rng)
