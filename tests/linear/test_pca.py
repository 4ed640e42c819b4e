"""PCA against scikit-learn, direct minimisation, and the data that break it."""

import dataclasses
import tracemalloc

import numpy as np
import pytest
from scipy.optimize import minimize
from sklearn import decomposition

from latent import data
from latent.linear import pca

TALL, WIDE = (60, 7), (9, 40)  # N above D: the covariance; below: the Gram matrix


@pytest.fixture
def cloud(rng):
    """Draws with variances far apart, about a mean far from zero."""

    def draw(n, d):
        turn = np.linalg.qr(rng.normal(size=(d, d)))[0]
        spread = 2.0 ** -np.arange(d)
        return rng.normal(size=(n, d)) * spread @ turn + 10 * rng.normal(size=d)

    return draw


both_shapes = pytest.mark.parametrize("shape", [TALL, WIDE])


def error(params, x):
    """Mean squared distance between observations and their reconstructions."""
    seen = pca.reconstruct(params, pca.transform(params, x))
    return ((x - seen) ** 2).sum(axis=1).mean()


@both_shapes
@pytest.mark.parametrize("k", [1, 3, 6])
def test_agrees_with_scikit_learn(cloud, shape, k):
    """Kills division by N - 1, a wrong order, a forgotten mean, swapped axes."""
    x = cloud(*shape)
    ours, peer = pca.fit(x, k), decomposition.PCA(k, svd_solver="full").fit(x)
    n = len(x)
    np.testing.assert_allclose(ours.mean, peer.mean_, rtol=1e-12)
    np.testing.assert_allclose(
        ours.variances, peer.explained_variance_ * (n - 1) / n, rtol=1e-9
    )
    np.testing.assert_allclose(ours.components, pca.signed(peer.components_), atol=1e-7)
    np.testing.assert_allclose(
        pca.explained_variance(ours), peer.explained_variance_ratio_, rtol=1e-9
    )
    np.testing.assert_allclose(
        np.abs(pca.transform(ours, x)), np.abs(peer.transform(x)), atol=1e-8
    )


@pytest.mark.parametrize("shape", [(20, 6), (4, 6)])
def test_no_subspace_or_origin_has_a_smaller_error(cloud, rng, shape):
    """Kills anything but the minimiser: many starts, no formula of the eigenvalues."""
    x = cloud(*shape)
    params = pca.fit(x, 2)

    def cost(flat):
        basis, origin = np.linalg.qr(flat[:12].reshape(6, 2))[0], flat[12:]
        rest = (x - origin) - (x - origin) @ basis @ basis.T
        return (rest**2).sum() / len(x)

    found = min(minimize(cost, rng.normal(size=18)).fun for _ in range(4))
    np.testing.assert_allclose(error(params, x), found, rtol=1e-5)


@both_shapes
def test_error_and_variances_add_up(cloud, shape):
    """Kills a total that sums the kept variances only."""
    x = cloud(*shape)
    np.testing.assert_allclose(pca.fit(x, 1).total_variance, x.var(axis=0).sum())
    for k in (1, 3, 6):
        params = pca.fit(x, k)
        total = error(params, x) + params.variances.sum()
        np.testing.assert_allclose(total, params.total_variance, rtol=1e-12)


@both_shapes
def test_scores_are_uncorrelated_and_have_the_variances(cloud, shape):
    x = cloud(*shape)
    params = pca.fit(x, 6)
    scores = pca.transform(params, x)
    np.testing.assert_allclose(scores.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(
        scores.T @ scores / len(x), np.diag(params.variances), atol=1e-12
    )


def test_both_matrices_give_the_same_model(cloud):
    """The same data, stretched by zeros to the wide case, and cut to the tall one."""
    x = cloud(12, 8)
    wide = pca.fit(np.hstack([x, np.zeros((12, 30))]), 8)
    tall = pca.fit(x, 8)
    np.testing.assert_allclose(wide.variances, tall.variances, rtol=1e-10)
    np.testing.assert_allclose(wide.components[:, :8], tall.components, atol=1e-9)
    np.testing.assert_allclose(wide.components[:, 8:], 0, atol=1e-9)


@pytest.mark.parametrize(
    ("shape", "size"), [((9, 500), 9), ((500, 9), 9), ((12, 8), 8), ((8, 12), 8)]
)
def test_the_smaller_matrix_is_decomposed(cloud, monkeypatch, shape, size):
    """Kills a D x D covariance of a few large images, and an N x N matrix of many."""
    seen = []

    def record(matrix, **options):
        seen.append(matrix.shape)
        return eigh(matrix, **options)

    eigh = pca.eigh
    monkeypatch.setattr(pca, "eigh", record)
    pca.fit(cloud(*shape), 3)
    assert seen == [(size, size)]


@pytest.mark.parametrize("shape", [(20, 3000), (3000, 20)])
def test_memory_stays_a_few_times_that_of_the_data(rng, shape):
    """Kills every matrix of 3000 x 3000, which is 150 times the data."""
    x = np.asfortranarray(rng.normal(size=shape))
    tracemalloc.start()
    pca.fit(x, 5)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 * x.nbytes


@pytest.mark.parametrize("shape", [(40, 6), (6, 40), (5, 5)])
def test_full_rank_reconstructs_everything(cloud, shape):
    """N < D too: the centred data span at most N - 1 directions."""
    x = cloud(*shape)
    params = pca.fit(x, min(shape))
    np.testing.assert_allclose(
        pca.reconstruct(params, pca.transform(params, x)), x, rtol=1e-12
    )


@pytest.mark.parametrize("shape", [(30, 10), (10, 30)])
def test_missing_rank_is_variance_zero_on_orthonormal_directions(rng, shape):
    """Kills NaN from 0 / 0 and negative eigenvalues; rank 3 of 10."""
    x = rng.normal(size=(shape[0], 3)) @ rng.normal(size=(3, shape[1])) + 4
    params = pca.fit(x, 10)
    assert (params.variances >= 0).all()
    assert (np.diff(params.variances) <= 0).all()
    np.testing.assert_allclose(params.variances[3:], 0, atol=1e-13)
    assert (params.variances[:3] > 1e-3).all()
    np.testing.assert_allclose(
        params.components @ params.components.T, np.eye(10), atol=1e-12
    )
    assert error(params, x) < 1e-24


def test_repeated_observations_do_not_matter(cloud):
    """Weights by count; the repeats also move it from the Gram to the covariance."""
    x = cloud(6, 15)
    few, many = pca.fit(x, 5), pca.fit(np.tile(x, (4, 1)), 5)
    np.testing.assert_allclose(few.variances, many.variances, rtol=1e-10)
    np.testing.assert_allclose(few.components, many.components, atol=1e-8)


@both_shapes
@pytest.mark.parametrize("shift", [1e4, 1e8])
def test_shifted_data_move_the_mean_and_nothing_else(rng, shape, shift):
    """Kills E[x x'] - m m', which at 1e8 keeps no digit of the variances."""
    # Multiples of 2^-20 are exact at 1e8 too: only the method can lose digits.
    x = np.rint(rng.normal(size=shape) * np.arange(1, shape[1] + 1) * 2**20) / 2**20
    here, there = pca.fit(x, 4), pca.fit(x + shift, 4)
    np.testing.assert_allclose(there.mean - shift, here.mean, atol=4e-16 * shift)
    np.testing.assert_allclose(there.variances, here.variances, rtol=1e-9)
    np.testing.assert_allclose(there.components, here.components, atol=1e-8)
    np.testing.assert_allclose(there.total_variance, here.total_variance, rtol=1e-9)


@both_shapes
@pytest.mark.parametrize("unit", [1e-8, 1e8])
def test_one_unit_for_all_features_scales_the_variances(cloud, shape, unit):
    """Kills absolute thresholds."""
    x = cloud(*shape)
    here, there = pca.fit(x, 5), pca.fit(unit * x, 5)
    np.testing.assert_allclose(there.variances, unit**2 * here.variances, rtol=1e-10)
    np.testing.assert_allclose(there.components, here.components, atol=1e-8)
    np.testing.assert_allclose(
        pca.explained_variance(there), pca.explained_variance(here), rtol=1e-10
    )


@both_shapes
def test_turned_data_turn_the_components(cloud, rng, shape):
    x = cloud(*shape)
    turn = np.linalg.qr(rng.normal(size=(shape[1], shape[1])))[0]
    here, there = pca.fit(x, 4), pca.fit(x @ turn, 4)
    np.testing.assert_allclose(there.variances, here.variances, rtol=1e-10)
    np.testing.assert_allclose(
        there.components, pca.signed(here.components @ turn), atol=1e-8
    )


@both_shapes
def test_components_are_nested(cloud, shape):
    """The first of many are the few."""
    x = cloud(*shape)
    few, many = pca.fit(x, 2), pca.fit(x, 6)
    np.testing.assert_allclose(few.components, many.components[:2], atol=1e-10)
    scores = pca.transform(many, x)
    np.testing.assert_allclose(
        pca.reconstruct(many, scores[:, :2]),
        pca.reconstruct(few, pca.transform(few, x)),
        atol=1e-9,
    )


def test_each_sign_makes_the_largest_entry_positive(cloud):
    components = pca.fit(cloud(*TALL), 7).components
    peaks = components[np.arange(7), np.abs(components).argmax(axis=1)]
    assert (peaks > 0).all()


@pytest.mark.parametrize("noise", [-1e-12, 0.0, 1e-12])
def test_rounding_does_not_decide_a_tie_of_signs(noise):
    """Kills a plain argmax: (1, -1) must not become (-1, 1) by a rounding error."""
    row = np.array([[0.1, 1 + noise, -1 - 2 * noise, 1 - noise]])
    for sign in (1, -1):
        np.testing.assert_array_equal(pca.signed(sign * row), row)


def test_only_a_tie_is_left_to_the_first_entry():
    """Kills a tolerance that takes entries for equal which data can tell apart."""
    row = np.array([[0.1, 1 - 1e-5, -1.0]])
    np.testing.assert_array_equal(pca.signed(row), -row)


def test_signs_agree_between_both_matrices_and_orders(cloud, rng):
    x = cloud(10, 10)
    order = rng.permutation(10)
    square = pca.fit(x, 9).components
    np.testing.assert_allclose(pca.fit(x[order], 9).components, square, atol=1e-6)
    wide = pca.fit(np.column_stack([x, np.full(10, 3.0)]), 9).components[:, :10]
    np.testing.assert_allclose(wide, square, atol=1e-6)


@pytest.mark.parametrize("shape", [(8, 3), (3, 8), (1, 4)])
def test_constant_data_have_no_variance_and_no_shares(shape):
    """0.1 is no binary number: kills a mean that is off by rounding."""
    x = np.full(shape, 0.1) * np.arange(1, shape[1] + 1)
    params = pca.fit(x, 1)
    np.testing.assert_array_equal(params.mean, x[0])
    np.testing.assert_array_equal(params.variances, [0.0])
    assert params.total_variance == 0
    np.testing.assert_allclose(params.components @ params.components.T, [[1]])
    np.testing.assert_array_equal(pca.transform(params, x), np.zeros((shape[0], 1)))
    with pytest.raises(ValueError, match="the data do not vary"):
        pca.explained_variance(params)


def test_constant_features_are_left_out_of_the_components(cloud):
    x = np.column_stack([cloud(50, 3), np.full(50, 0.1)])
    params = pca.fit(x, 3)
    assert params.mean[3] == 0.1
    np.testing.assert_allclose(params.components[:, 3], 0, atol=1e-15)


def test_faces_keep_their_variance_and_their_pixels():
    """The real data of the chapter: 400 images, 399 directions, each image exact."""
    x = data.orl_faces().images.reshape(400, -1)
    params = pca.fit(x, 400)
    np.testing.assert_allclose(params.total_variance, x.var(axis=0).sum(), rtol=1e-12)
    np.testing.assert_allclose(params.variances.sum(), params.total_variance)
    assert params.variances[398] > 1e6 * params.variances[399]
    seen = pca.reconstruct(params, pca.transform(params, x)[:, :399])
    np.testing.assert_allclose(seen, x, atol=1e-9)


def test_many_rows_are_added_up_over_blocks(rng):
    """Kills a lost block: more rows than the longest."""
    x = rng.normal(size=(20_000, 3)) * [3, 2, 1] + np.arange(20_000)[:, None] / 1e4
    params = pca.fit(x, 3)
    wanted = np.linalg.eigvalsh(np.cov(x.T, bias=True))[::-1]
    np.testing.assert_allclose(params.variances, wanted, rtol=1e-10)


@pytest.mark.parametrize("layout", [np.ascontiguousarray, np.asfortranarray])
def test_arguments_are_left_alone_and_layout_does_not_matter(cloud, layout):
    for shape in (TALL, WIDE):
        x = cloud(*shape)
        given = layout(x.copy())
        params = pca.fit(given, 3)
        pca.reconstruct(params, pca.transform(params, given))
        np.testing.assert_array_equal(given, x)
        np.testing.assert_array_equal(params.components, pca.fit(x, 3).components)


@pytest.mark.parametrize(
    ("x", "k", "message"),
    [
        (np.ones((5, 3)), 4, "n_components is 4, but there are only 3 directions"),
        (np.ones((3, 5)), 4, "n_components is 4, but there are only 3 directions"),
        (np.ones((5, 3)), 0, "n_components must be a whole number, 1 or more; got 0"),
        (np.array([[0.0, 1.0], [np.nan, 2.0]]), 1, r"x\[1, 0\] is nan"),
        (np.array([[0.0, np.inf], [1.0, 2.0]]), 1, r"x\[0, 1\] is inf"),
        (np.ones(4), 1, r"got \(4,\)"),
        (np.zeros((0, 2)), 1, "at least one number"),
        ([["a"]], 1, "array of numbers"),
    ],
)
def test_bad_input_is_named(x, k, message):
    with pytest.raises(ValueError, match=message):
        pca.fit(x, k)


def test_other_features_or_scores_than_the_model_has_are_refused(cloud):
    params = pca.fit(cloud(*TALL), 3)
    with pytest.raises(ValueError, match="x has 6 features a row; the model has 7"):
        pca.transform(params, np.zeros((2, 6)))
    with pytest.raises(ValueError, match="scores has 4 columns; the model has 3"):
        pca.reconstruct(params, np.zeros((2, 4)))
    with pytest.raises(ValueError, match=r"shape \(N, L\), .* got \(3,\)"):
        pca.reconstruct(params, np.zeros(3))
    with pytest.raises(ValueError, match="is nan"):
        pca.transform(params, np.full((1, 7), np.nan))


def test_parameters_are_frozen(cloud):
    params = pca.fit(cloud(*TALL), 2)
    with pytest.raises(dataclasses.FrozenInstanceError):
        params.mean = params.mean + 1
