"""Registration against SciPy, autograd, sums written out, and the cases that break."""

import tracemalloc
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation
from scipy.stats import multivariate_normal

from latent.em import em
from latent.mixtures import registration as rg

dimensions = pytest.mark.parametrize("D", [2, 3])


def turned(rng, D):
    return rg.nearest_rotation(rng.normal(size=(D, D)))


def a_model(rng, *, D=2, M=7, outliers=0.2):
    return rg.Registration(
        reference=rng.normal(size=(M, D)),
        translation=rng.normal(size=D),
        rotation=turned(rng, D),
        scale=1.3,
        variance=0.4,
        outliers=outliers,
        volume=30.0,
    )


def moved(rng, params, n, *, noise=0.0):
    """Points drawn without outliers, and which reference point each comes from."""
    z = rng.permutation(np.resize(np.arange(len(params.reference)), n))
    return rg.centres(params)[z] + noise * rng.normal(size=(n, len(params.rotation))), z


@dimensions
def test_log_joint_is_weight_times_scipys_density(rng, D):
    """Kills the normaliser of one dimension, T for -T, A for its transpose."""
    params, x = a_model(rng, D=D), rng.normal(size=(5, D))
    found = np.exp(rg.log_joint(params, x))
    for j, q in enumerate(params.reference):
        mean = 1.3 * params.rotation @ q - params.translation
        wanted = 0.8 / 7 * multivariate_normal(mean, 0.4 * np.eye(D)).pdf(x)
        np.testing.assert_allclose(found[:, j], wanted)
    np.testing.assert_allclose(found[:, -1], 0.2 / 30)


@pytest.mark.parametrize("outliers", [0.0, 0.2])
def test_sums_of_responsibilities_by_direct_sums(rng, outliers):
    """Kills a normalisation over the wrong index and a lost block: 700 rows."""
    params = a_model(rng, M=600, outliers=outliers)
    x = rng.normal(size=(700, 2))
    gaps = ((x[:, None] - rg.centres(params)) ** 2).sum(axis=2)
    joint = (1 - outliers) / 600 * np.exp(-gaps / 0.8) / (2 * np.pi * 0.4)
    evidence = joint.sum(axis=1) + outliers / 30
    r = joint / evidence[:, None]
    found, objective = rg.e_step(params, x)
    np.testing.assert_allclose(objective, np.log(evidence).mean())
    np.testing.assert_allclose(found.matched, r.sum(axis=1))
    np.testing.assert_allclose(found.counts, r.sum(axis=0))
    np.testing.assert_allclose(found.sums, r.T @ (x - x.mean(axis=0)), atol=1e-12)
    np.testing.assert_allclose(rg.responsibilities(params, x), r, atol=1e-15)


def test_the_responsibilities_are_never_stored(rng):
    """Kills an array of N times M numbers, 72 MB here."""
    params, x = a_model(rng, M=3000), rng.normal(size=(3000, 2))
    tracemalloc.start()
    rg.m_step(params, x, rg.e_step(params, x)[0])
    rg.predict(params, x)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 25e6


@dimensions
def test_gradient_of_the_bound_vanishes_after_the_m_step(rng, D):
    """Kills every wrong M-step, as a variance right only for the best scale."""
    params, x = a_model(rng, D=D), rng.normal(size=(30, D))
    r = torch.tensor(rg.responsibilities(params, x))
    matches, _ = rg.e_step(params, x)
    for rotate in (True, False):
        for rescale in (True, False):
            best = rg.m_step(params, x, matches, rotate=rotate, rescale=rescale)
            skew = torch.zeros((D, D), dtype=torch.float64, requires_grad=True)
            start = (best.translation, np.log(best.scale), np.log(best.variance))
            shift, scale, spread = (
                torch.tensor(v, requires_grad=True, dtype=torch.float64) for v in start
            )
            a = torch.matrix_exp(skew - skew.T) @ torch.tensor(best.rotation)
            mu = scale.exp() * torch.tensor(params.reference) @ a.T - shift
            gaps = ((torch.tensor(x)[:, None] - mu) ** 2).sum(dim=2)
            q = -0.5 * (r * (gaps / spread.exp() + D * spread)).sum()
            q.backward()
            free = [shift, spread] + [skew] * rotate + [scale] * rescale
            assert all(v.grad.abs().max() < 1e-10 for v in free)
            held = [skew] * (not rotate) + [scale] * (not rescale)
            assert all(v.grad.abs().max() > 1e-3 for v in held)


def test_the_nearest_rotation_is_scipys(rng):
    """Kills a reflection: half of the matrices have a negative determinant."""
    signs = []
    for _ in range(20):
        a, b = rng.normal(size=(2, 6, 3))
        wanted = Rotation.align_vectors(a, b)[0].as_matrix()
        np.testing.assert_allclose(rg.nearest_rotation(a.T @ b), wanted, atol=1e-8)
        signs.append(np.linalg.det(a.T @ b) > 0)
    assert 0 < sum(signs) < 20


@pytest.mark.parametrize("outliers", [0.0, 0.1])
def test_agrees_with_em_for_a_translation_written_out(rng, outliers):
    """A textbook's form, every array of pairs stored."""
    q = rng.uniform(size=(40, 2))
    x = q[rng.permutation(40)] + [0.3, -0.2] + 0.02 * rng.normal(size=(40, 2))
    start = rg.init(x, q, outliers=outliers)
    t, v = -start.translation, start.variance
    for _ in range(15):
        gaps = ((x[:, None] - q - t) ** 2).sum(axis=2)
        p = (1 - outliers) / 40 * np.exp(-gaps / (2 * v)) / (2 * np.pi * v)
        p /= p.sum(axis=1, keepdims=True) + outliers / np.ptp(x, axis=0).prod()
        t = (p[:, :, None] * (x[:, None] - q)).sum(axis=(0, 1)) / p.sum()
        v = (p * ((x[:, None] - q - t) ** 2).sum(axis=2)).sum() / (2 * p.sum())
    step = partial(rg.m_step, rotate=False, rescale=False)
    run = em(rg.e_step, step, start, x, max_iter=15, tol=-1)
    np.testing.assert_allclose(-run.params.translation, t, rtol=1e-10)
    np.testing.assert_allclose(run.params.variance, v, rtol=1e-9)


@dimensions
@pytest.mark.parametrize("outliers", [0.0, 0.3])
def test_a_known_motion_and_the_matches_are_found_again(rng, D, outliers):
    q = rng.normal(size=(60, D)) * np.arange(1, D + 1)
    motion = Rotation.from_euler("z", 0.4).as_matrix()[:D, :D]
    true = rg.Registration(q, np.ones(D), motion, 0.7, 1.0, 0.0, 1.0)
    x, z = moved(rng, true, 60, noise=1e-3)
    stray = rng.uniform(-3, 3, size=(20 if outliers else 0, D))
    run = rg.fit(np.vstack([x, stray]), q, outliers=outliers, tol=1e-9)
    found = run.params
    np.testing.assert_allclose(found.rotation, motion, atol=1e-3)
    np.testing.assert_allclose(found.scale, 0.7, rtol=1e-3)
    np.testing.assert_allclose(found.translation, true.translation, atol=2e-3)
    named = rg.predict(found, np.vstack([x, stray]))
    np.testing.assert_array_equal(named[:60], z)
    assert (named[60:] == -1).mean() > 0.8 if outliers else len(named) == 60
    np.testing.assert_allclose(rg.align(found, x), q[z], atol=0.01)
    assert (np.diff(run.history) >= -1e-10 * (1 + np.abs(run.history[1:]))).all()


def test_the_start_has_centroid_on_centroid(rng):
    """Kills T for -T, and a box of another size."""
    x, q = rng.normal([5.0, -3.0], 1.0, (30, 2)), rng.normal(size=(20, 2))
    start = rg.init(x, q, outliers=0.1)
    np.testing.assert_allclose(rg.centres(start).mean(axis=0), x.mean(axis=0))
    pairs = x[:, None] - rg.centres(start)
    np.testing.assert_allclose(start.variance, (pairs**2).mean())
    np.testing.assert_allclose(start.volume, np.ptp(x[:, 0]) * np.ptp(x[:, 1]))


def test_what_is_held_stays(rng):
    x, q = rng.normal(size=(30, 2)), rng.normal(size=(20, 2))
    held = rg.fit(x, q, rotate=False, rescale=False, variance=0.3).params
    np.testing.assert_array_equal(held.rotation, np.eye(2))
    assert (held.scale, held.variance) == (1.0, 0.3)
    free = rg.fit(x, q).params
    assert not np.allclose(free.rotation, np.eye(2))
    assert free.scale != 1
    assert free.variance != rg.init(x, q).variance


@pytest.mark.parametrize("shift", [1e4, 1e8])
def test_shifted_points_move_the_translation_and_nothing_else(rng, shift):
    """Kills squares about zero: at 1e8 they have no digit left."""
    params = a_model(rng, M=25)
    x, _ = moved(rng, params, 50, noise=0.1)
    q = params.reference
    here, there = (rg.fit(x + s, q + s, outliers=0.1).params for s in (0.0, shift))
    np.testing.assert_allclose(there.rotation, here.rotation, atol=1e-6)
    np.testing.assert_allclose(there.scale, here.scale, rtol=1e-6)
    np.testing.assert_allclose(there.variance, here.variance, rtol=1e-5)
    np.testing.assert_allclose(
        rg.centres(there) - shift, rg.centres(here), atol=20 * np.spacing(shift)
    )


@pytest.mark.parametrize("unit", [1e-8, 1e6])
def test_a_change_of_units_changes_nothing_else(rng, unit):
    """Kills a floor or a volume in absolute units, as 1/N for the outliers' density."""
    params = a_model(rng, M=25)
    x, _ = moved(rng, params, 50, noise=0.1)
    here, there = (
        rg.fit(x * s, params.reference * s, outliers=0.1) for s in (1.0, unit)
    )
    np.testing.assert_allclose(there.params.scale, here.params.scale, rtol=1e-6)
    np.testing.assert_allclose(
        there.params.variance, here.params.variance * unit**2, rtol=1e-6
    )
    for name in ("matched", "counts"):
        a, b = (getattr(run.responsibilities, name) for run in (here, there))
        np.testing.assert_allclose(a, b, atol=1e-6)
    drop = here.history[-1] - there.history[-1]
    np.testing.assert_allclose(drop, 2 * np.log(unit), rtol=1e-6)


def test_a_reference_in_another_unit_is_rescaled(rng):
    params = a_model(rng, M=25)
    x, _ = moved(rng, params, 50, noise=0.01)
    here = rg.fit(x, params.reference).params
    start = rg.init(x, params.reference * 1e3)
    start = replace(
        start, scale=1e-3, translation=rg.init(x, start.reference / 1e3).translation
    )
    start = replace(start, variance=rg.init(x, params.reference).variance)
    step = partial(rg.m_step, floor=rg.variance_floor(x))
    there = em(rg.e_step, step, start, x).params
    np.testing.assert_allclose(there.scale * 1e3, here.scale, rtol=1e-6)
    np.testing.assert_allclose(rg.centres(there), rg.centres(here), atol=1e-6)


def test_closest_points_are_the_nearest_centres(rng):
    """Kills a tie or an outlier that takes a point; and the limit of small sigma."""
    params, x = a_model(rng, M=30), rng.normal(size=(50, 2)) * 3
    gaps = ((x[:, None] - rg.centres(params)) ** 2).sum(axis=2)
    hard = np.eye(30)[gaps.argmin(axis=1)]
    found, objective = rg.closest_points(params, x)
    np.testing.assert_array_equal(found.counts, hard.sum(axis=0))
    np.testing.assert_allclose(found.sums, hard.T @ (x - x.mean(axis=0)), atol=1e-12)
    np.testing.assert_allclose(objective, -gaps.min(axis=1).mean())
    tiny = replace(params, variance=1e-8, outliers=0.0)
    limit, likelihood = rg.e_step(tiny, x)
    np.testing.assert_allclose(limit.counts, found.counts, atol=1e-6)
    np.testing.assert_allclose(likelihood * -2e-8, -objective, rtol=1e-4)


def test_iterative_closest_points_run_on_the_driver(rng):
    q = rng.normal(size=(40, 2))
    x = q[rng.permutation(40)] + [0.05, -0.03]
    step = partial(rg.m_step, rotate=False, rescale=False, estimate_variance=False)
    start = replace(rg.init(x, q), translation=np.array([0.1, 0.1]))
    run = em(rg.closest_points, step, start, x, tol=1e-20)
    np.testing.assert_allclose(run.params.translation, [-0.05, 0.03], atol=1e-12)
    assert (np.diff(run.history) >= -1e-20).all()
    assert len(run.history) > 3


def test_a_point_a_million_away(rng):
    """Kills exp before the shift: 0 / 0."""
    params = a_model(rng, outliers=0.0)
    found, objective = rg.e_step(params, np.array([[0.0, 0.0], [1e6, 1e6]]))
    np.testing.assert_allclose(found.counts.sum(), 2)
    assert np.isfinite(objective)


def test_the_floor_is_a_millionth_of_the_variance_or_the_rounding():
    """Kills a floor that hides the noise, and one below the digits of the points."""
    x = np.array([[0.0, 0.0], [2.0, 4.0]])  # variances 1 and 4
    np.testing.assert_allclose(rg.variance_floor(x), 2.5e-6)
    digit = 2.0**-13  # between 1e12 and the next number
    np.testing.assert_allclose(rg.variance_floor(x + 1e12), (1000 * digit) ** 2)


def test_exact_matches_stop_at_the_floor(rng):
    """Kills an unbounded likelihood: sigma falls to zero when all distances do."""
    q = rng.normal(size=(20, 2))
    run = rg.fit(q[rng.permutation(20)] + 1, q, max_iter=200)
    assert run.params.variance == rg.variance_floor(q + 1)
    assert run.converged


def test_without_any_match_nothing_moves(rng):
    params = replace(a_model(rng), variance=1e-6)
    x = np.full((4, 2), 1e5) + rng.normal(size=(4, 2))
    matches, _ = rg.e_step(params, x)
    assert matches.matched.sum() == 0
    assert rg.m_step(params, x, matches) is params


@pytest.mark.parametrize("n", [1, 6])
def test_reference_points_that_coincide_keep_scale_and_rotation(rng, n):
    """Kills zero divided by zero, and what rounding makes of it."""
    params = replace(a_model(rng), reference=np.full((n, 2), 0.1))
    x = rng.normal(size=(9, 2))
    found = rg.m_step(params, x, rg.e_step(params, x)[0])
    np.testing.assert_array_equal(found.rotation, params.rotation)
    assert found.scale == params.scale
    weights = rg.e_step(params, x)[0].matched
    wanted = np.average(x, axis=0, weights=weights)
    np.testing.assert_allclose(rg.centres(found)[0], wanted)


def test_points_on_a_line_along_an_axis(rng):
    """Kills a division by the volume of a box without one, where none is needed."""
    q = np.column_stack([np.arange(6.0) ** 2, np.zeros(6)])
    there = q + np.array([0.1, 1.0])
    params = rg.fit(there[rng.permutation(6)], q).params
    np.testing.assert_allclose(rg.centres(params), there, atol=1e-6)


def test_duplicated_points_share_their_matches(rng):
    q = np.repeat(rng.normal(size=(5, 2)), 3, axis=0)
    run = rg.fit(q[::-1] + 2, q, rotate=False, rescale=False)
    np.testing.assert_allclose(run.responsibilities.counts, 1, atol=1e-6)
    np.testing.assert_allclose(run.params.translation, -2, atol=1e-6)


def test_the_scale_is_not_negative():
    """On a line the only rotation is one; mirrored points are best fitted by zero."""
    y = np.array([[-1.0], [0.0], [1.0]])
    matches = rg.Matches(np.ones(3), np.ones(3), sums=-y)
    found = rg.m_step(rg.init(-y, y), -y, matches)
    np.testing.assert_array_equal(found.rotation, [[1.0]])
    assert found.scale == 0
    np.testing.assert_allclose(found.variance, 2 / 3)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"x": np.zeros((0, 2))}, "x must hold at least one number"),
        ({"reference": np.zeros((0, 2))}, "reference must hold at least one number"),
        (
            {"reference": np.zeros(3)},
            r"reference must have shape .* reference\[:, None",
        ),
        ({"reference": np.zeros((4, 3))}, "one dimension; got 2 and 3 coordinates"),
        ({"x": np.array([[0.0, 1.0], [np.nan, 1.0]])}, r"x\[1, 0\] is nan"),
        ({"reference": np.array([[0.0, np.inf]])}, r"reference\[0, 1\] is inf"),
        ({"variance": 0.0}, "variance must be a positive number.*got 0.0"),
        ({"variance": -1.0}, "variance must be a positive number"),
        ({"variance": np.nan}, "variance must be a positive number"),
        ({"outliers": 1.0}, "outliers must be a share.*got 1.0"),
        ({"outliers": -0.1}, "outliers must be a share"),
        ({"x": np.eye(2)[[0, 0]]}, "holds one point only.*rescale=False"),
        (
            {"x": np.array([[0.0, 1.0], [2.0, 1.0]]), "outliers": 0.1},
            "does not vary in column 1",
        ),
        ({"max_iter": 0}, "max_iter must be a whole number"),
        ({"tol": -1.0}, "tol must be 0 or more"),
    ],
)
def test_bad_input_is_named(rng, changes, message):
    arguments = {"x": rng.normal(size=(5, 2)), "reference": rng.normal(size=(4, 2))}
    with pytest.raises(ValueError, match=message):
        rg.fit(**{**arguments, **changes})


@pytest.mark.parametrize("function", [rg.predict, rg.responsibilities, rg.align])
def test_points_of_another_dimension_are_refused(rng, function):
    with pytest.raises(ValueError, match="3 features a row; the model has 2"):
        function(a_model(rng), np.zeros((4, 3)))
