"""K-means against exhaustive search, scikit-learn, and the cases that break it."""

import dataclasses
import itertools

import numpy as np
import pytest
from sklearn.cluster import KMeans as Peer

from latent.em import em
from latent.mixtures import kmeans


def distortion(x, centers, nearest):
    return ((x - centers[nearest]) ** 2).sum()


def test_assignment_is_the_nearest_centre_by_direct_distances(blobs):
    """Kills a wrong sign or a missing square in the affine form of the distance."""
    start = kmeans.init(blobs, 7, rng=np.random.default_rng(3))
    direct = ((blobs[:, None] - start.centers) ** 2).sum(axis=2)
    nearest, objective = kmeans.e_step(start, blobs)
    np.testing.assert_array_equal(nearest.argmax(axis=1), direct.argmin(axis=1))
    np.testing.assert_allclose(objective, -direct.min(axis=1).mean(), rtol=1e-12)


def test_steps_reach_the_best_of_all_partitions(rng):
    """Kills any wrong minimiser: six points, every split in two tried."""
    x = rng.normal(size=(6, 2)) + np.repeat([[0, 0], [5, 1]], 3, axis=0)
    splits = [
        np.array(s) for s in itertools.product([0, 1], repeat=6) if 0 < sum(s) < 6
    ]
    best = min(
        distortion(x, np.stack([x[s == k].mean(axis=0) for k in (0, 1)]), s)
        for s in splits
    )
    run = kmeans.fit(x, 2, rng=rng, restarts=5)
    np.testing.assert_allclose(-len(x) * run.history[-1], best, rtol=1e-12)


def test_agrees_with_scikit_learn_from_the_same_start(blobs):
    start = kmeans.init(blobs, 5, rng=np.random.default_rng(0))
    ours = em(kmeans.e_step, kmeans.m_step, start, blobs, tol=0.0)
    peer = Peer(5, init=start.centers, n_init=1, tol=0).fit(blobs)
    np.testing.assert_allclose(ours.params.centers, peer.cluster_centers_, rtol=1e-6)
    np.testing.assert_allclose(-ours.history[-1] * len(blobs), peer.inertia_, rtol=1e-9)


def test_equally_near_centres_share_no_point():
    """Kills one-hot by equality alone, which gives a tied point to both centres."""
    x = np.array([[0.0], [2.0], [1.0]])
    nearest, _ = kmeans.e_step(kmeans.KMeans(np.array([[0.0], [2.0]])), x)
    np.testing.assert_array_equal(nearest, [[1, 0], [0, 1], [1, 0]])


def test_ties_among_8_bit_colours(rng):
    x = rng.integers(0, 4, size=(4000, 3)).astype(float)
    centers = rng.integers(0, 4, size=(6, 3)).astype(float)
    nearest, _ = kmeans.e_step(kmeans.KMeans(centers), x)
    direct = ((x[:, None] - centers) ** 2).sum(axis=2).argmin(axis=1)
    np.testing.assert_array_equal(nearest.sum(axis=1), 1)
    np.testing.assert_array_equal(nearest.argmax(axis=1), direct)


def test_an_empty_cluster_keeps_its_centre(blobs):
    """Kills 0 / 0, and the pull to the origin of `counts + epsilon`."""
    start = kmeans.KMeans(np.vstack([blobs[:2], [[1e3, 1e3]]]))
    run = em(kmeans.e_step, kmeans.m_step, start, blobs)
    np.testing.assert_array_equal(run.params.centers[2], [1e3, 1e3])


def test_distinct_points_as_centres_leave_no_distortion(rng):
    x = rng.normal(size=(9, 3))
    run = kmeans.fit(x, 9, rng=rng)
    assert -run.history[-1] < 1e-15
    assert set(kmeans.predict(run.params, x)) == set(range(9))


def test_more_centres_than_distinct_points(rng):
    x = np.repeat(rng.normal(size=(3, 2)), 10, axis=0)
    run = kmeans.fit(x, 8, rng=rng)
    assert -run.history[-1] < 1e-15
    assert np.isfinite(run.params.centers).all()


@pytest.mark.parametrize("shift", [1e4, 1e8])
def test_shifted_data_move_the_centres_and_nothing_else(blobs, shift):
    """Kills expanded squares about zero."""
    here = kmeans.fit(blobs, 4, rng=np.random.default_rng(1))
    there = kmeans.fit(blobs + shift, 4, rng=np.random.default_rng(1))
    np.testing.assert_allclose(
        there.params.centers - shift, here.params.centers, atol=4e-16 * shift
    )
    np.testing.assert_array_equal(there.responsibilities, here.responsibilities)


def test_a_change_of_units_changes_nothing_else(blobs):
    here = kmeans.fit(blobs, 4, rng=np.random.default_rng(1))
    there = kmeans.fit(1e-8 * blobs, 4, rng=np.random.default_rng(1))
    np.testing.assert_allclose(there.params.centers, 1e-8 * here.params.centers)
    np.testing.assert_allclose(there.history, 1e-16 * here.history)


def test_a_constant_column_stays_constant(blobs, rng):
    x = np.column_stack([blobs, np.full(len(blobs), 0.1)])
    run = kmeans.fit(x, 4, rng=rng)
    np.testing.assert_allclose(run.params.centers[:, 2], 0.1, rtol=1e-14)


def test_plus_plus_never_takes_a_colour_twice_while_others_are_left(rng):
    """Kills probabilities that ignore the distance."""
    x = np.repeat(np.arange(5.0)[:, None], [96, 1, 1, 1, 1], axis=0)
    starts = [kmeans.init(x, 5, rng=rng).centers[:, 0] for _ in range(20)]
    assert all(len(set(s)) == 5 for s in starts)


def test_plus_plus_draws_by_squared_distance(rng):
    """Kills a distance that is not squared: from 0, the odds of 1 and 3 are 1 to 9."""
    x = np.array([[0.0], [1.0], [3.0]])
    draws = [kmeans.init(x, 2, rng=rng).centers[:, 0] for _ in range(6000)]
    from_zero = [second for first, second in draws if first == 0]
    share = np.mean(np.array(from_zero) == 3)
    assert abs(share - 0.9) < 4 * np.sqrt(0.09 / len(from_zero))


def test_restarts_keep_the_best(blobs):
    single = [kmeans.fit(blobs, 6, rng=np.random.default_rng(s)) for s in range(8)]
    many = kmeans.fit(blobs, 6, rng=np.random.default_rng(0), restarts=8)
    assert many.history[-1] >= single[0].history[-1]
    assert len({round(run.history[-1], 6) for run in single}) > 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"x": np.zeros((0, 2))}, r"at least one number; got shape \(0, 2\)"),
        ({"x": np.zeros(5)}, r"shape \(N, D\).*got \(5,\).*x\[:, None\]"),
        ({"x": np.zeros((5, 2, 2))}, r"got \(5, 2, 2\)"),
        ({"x": [["a", "b"]]}, "array of numbers"),
        ({"x": np.array([[0.0], [np.nan], [1.0]])}, r"x\[1, 0\] is nan"),
        ({"x": np.array([[0.0, np.inf], [1.0, 2.0]])}, r"x\[0, 1\] is inf"),
        ({"n_clusters": 0}, "n_clusters must be a whole number, 1 or more; got 0"),
        ({"n_clusters": 11}, "n_clusters is 11, but there are only 10 observations"),
        ({"tol": -1e-3}, "tol must be 0 or more; got -0.001"),
        ({"tol": float("nan")}, "tol must be 0 or more; got nan"),
        ({"restarts": 0}, "restarts must be a whole number"),
        ({"max_iter": 0}, "max_iter must be a whole number"),
    ],
)
def test_bad_input_is_named(rng, changes, message):
    arguments = {"x": rng.normal(size=(10, 2)), "n_clusters": 2, **changes}
    with pytest.raises(ValueError, match=message):
        kmeans.fit(**arguments, rng=rng)


def test_predict_wants_the_features_of_the_fit(blobs, rng):
    run = kmeans.fit(blobs, 3, rng=rng)
    with pytest.raises(ValueError, match="x has 3 features a row; the model has 2"):
        kmeans.predict(run.params, np.zeros((4, 3)))


def test_parameters_are_frozen(blobs, rng):
    params = kmeans.fit(blobs, 3, rng=rng).params
    with pytest.raises(dataclasses.FrozenInstanceError):
        params.centers = blobs[:3]
