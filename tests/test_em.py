"""The EM driver, and what every model on it must keep: one table of models."""

import dataclasses
from functools import partial

import numpy as np
import pytest
import torch

from latent.em import Fit, blocks, em, homogeneous, posterior
from latent.mixtures import gaussian_mixture as gmm
from latent.mixtures import kmeans
from tests.em_models import MODELS

every_model = pytest.mark.parametrize("name", MODELS)
every_change = pytest.mark.parametrize(
    ("name", "change"), [(n, c) for n, model in MODELS.items() for c in model.changes]
)


@pytest.fixture
def points(name, blobs, bits) -> np.ndarray:
    """Data of the kind that the model called `name` is for."""
    return bits if MODELS[name].binary else blobs


def fitted(name, x, k, seed=0, **settings) -> Fit:
    return MODELS[name].fit(x, k, rng=np.random.default_rng(seed), **settings)


def arrays(found) -> list[np.ndarray]:
    """An array, or those of a dataclass."""
    values = [found] if isinstance(found, np.ndarray) else vars(found).values()
    return [np.array(value) for value in values]


@every_model
@pytest.mark.parametrize("k", [1, 3, 9])
def test_the_objective_never_falls(name, k, points):
    """Kills a ridge for the floor, a wrong axis, a wrong step."""
    run = fitted(name, points, k, max_iter=5000)
    scale = 1 + np.abs(run.history[1:])
    assert (np.diff(run.history) >= -1e-12 * scale).all()
    assert run.converged


@every_model
def test_the_gradient_of_the_bound_vanishes_after_the_m_step(name, points):
    """Kills every wrong M-step: autograd differentiates what it maximises."""
    model = MODELS[name]
    old = model.init(points, 3, rng=np.random.default_rng(0))
    new = model.m_step(old, points, model.e_step(old, points)[0])
    free, bound = model.bound(old, new, points)
    bound.backward()
    slopes = torch.cat([torch.ravel(c.grad) for c in free if c.grad is not None])
    assert len(slopes) == sum(coordinate.numel() for coordinate in free)
    assert slopes.abs().max() < 1e-9 * len(points)
    before = model.bound(old, old, points)[1]
    assert bound > before + 1e-3


@every_model
def test_history_and_responsibilities_are_those_of_the_parameters(name, points):
    """Kills an objective taken before the last M-step."""
    run = fitted(name, points, 3, max_iter=4, tol=0.0)
    responsibilities, objective = MODELS[name].e_step(run.params, points)
    assert len(run.history) == 5
    np.testing.assert_allclose(run.history[-1], objective, rtol=1e-14)
    found, wanted = arrays(run.responsibilities), arrays(responsibilities)
    for a, b in zip(found, wanted, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-12)
    if len(found) == 1:
        np.testing.assert_allclose(found[0].sum(axis=1), 1)


@every_model
def test_steps_do_not_write_to_their_arguments(name, points):
    model = MODELS[name]
    start = model.init(points, 3, rng=np.random.default_rng(0))
    r, _ = model.e_step(start, points)
    given = (start, points, r)
    before = [a for thing in given for a in arrays(thing)]
    model.e_step(start, points)
    model.m_step(start, points, r)
    after = [a for thing in given for a in arrays(thing)]
    for old, new in zip(before, after, strict=True):
        np.testing.assert_array_equal(old, new)


@every_model
def test_same_seed_same_bits(name, points):
    one, two = (fitted(name, points, 4, seed=5) for _ in range(2))
    for a, b in zip(arrays(one.params), arrays(two.params), strict=True):
        np.testing.assert_array_equal(a, b)


@every_model
def test_the_layout_of_the_data_does_not_matter(name, points):
    c = fitted(name, np.ascontiguousarray(points), 3)
    f = fitted(name, np.asfortranarray(points), 3)
    integers = fitted(name, np.rint(points).astype(np.int32), 3)
    np.testing.assert_array_equal(c.history, f.history)
    assert np.isfinite(integers.history).all()


@every_change
def test_changed_data_change_the_parameters_alike(name, change, points):
    """Kills moments about zero, and floors and starts in a unit of their own."""
    model = MODELS[name]
    how = model.changes[change]
    here, there = (
        model.learnt(fitted(name, x, 3, seed=2, max_iter=10, tol=0.0).params)
        for x in (points, how.data(points))
    )
    for key, found in how.back(there).items():
        np.testing.assert_allclose(found, here[key], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", [n for n, m in MODELS.items() if m.bounded])
def test_more_components_than_observations_are_refused(name, points):
    with pytest.raises(ValueError, match=r"is 4, but there are only 3 observations"):
        fitted(name, points[:3], 4)


@pytest.mark.parametrize("name", [n for n, m in MODELS.items() if m.centred])
def test_one_component_is_the_mean_of_the_data(name, points):
    centres = MODELS[name].learnt(fitted(name, points, 1).params)["centres"]
    np.testing.assert_allclose(centres[0], points.mean(axis=0), rtol=1e-12)


def test_a_wrong_m_step_is_caught(blobs):
    """Kills a silent driver."""
    start = gmm.init(blobs, 3, rng=np.random.default_rng(0))

    def wrong(params, x, r):
        weights = np.array([0.98, 0.01, 0.01])
        return dataclasses.replace(gmm.m_step(params, x, r), weights=weights)

    with pytest.raises(ArithmeticError, match=r"step \d+ of EM took the obj"):
        em(gmm.e_step, wrong, start, blobs)


def test_nan_is_caught_at_once():
    with pytest.raises(ArithmeticError, match="to nan"):
        em(
            lambda p, x: (x, np.nan if p else 0.0),
            lambda p, x, r: p + 1,
            0,
            np.zeros((2, 1)),
        )


def test_steps_at_most_and_negative_tolerance(blobs):
    start = kmeans.init(blobs, 3, rng=np.random.default_rng(0))
    run = em(kmeans.e_step, kmeans.m_step, start, blobs, max_iter=40, tol=-1.0)
    assert len(run.history) == 41
    assert not run.converged


def test_posterior_of_impossible_components_and_tiny_joints():
    """Kills exp before the shift, and NaN from minus infinity."""
    joint = np.array([[-2000.0, -2001.0, -np.inf], [5.0, -np.inf, -np.inf]])
    r, mean = posterior(lambda rows: joint.copy(), np.zeros((2, 1)), 3)
    odds = 1 / (1 + np.exp(-1.0))
    np.testing.assert_allclose(r, [[odds, 1 - odds, 0], [1, 0, 0]])
    np.testing.assert_allclose(mean, (-2000 + np.log1p(np.exp(-1.0)) + 5) / 2)


@pytest.mark.parametrize("n", [1, 255, 256, 257, 8192, 8193, 50_001])
@pytest.mark.parametrize("width", [1, 64, 10_000])
def test_blocks_cover_every_row_once(n, width):
    """Kills a lost last block."""
    rows = np.concatenate([np.arange(n)[b] for b in blocks(n, width)])
    np.testing.assert_array_equal(rows, np.arange(n))


def test_the_blocks_do_not_show_in_the_result(rng):
    """Kills a step that forgets to add up: more rows than one block holds."""
    x = rng.normal(size=(9000, 2)) + rng.integers(0, 2, size=(9000, 1)) * 6
    start = gmm.init(x, 2, rng=rng)
    r, objective = gmm.e_step(start, x)
    halves = [gmm.e_step(start, part) for part in (x[:4000], x[4000:])]
    np.testing.assert_allclose(r, np.vstack([h[0] for h in halves]), atol=1e-12)
    np.testing.assert_allclose(
        objective, (4000 * halves[0][1] + 5000 * halves[1][1]) / 9000, rtol=1e-12
    )
    after = gmm.m_step(start, x, r)
    wanted = r.T @ x / r.sum(axis=0)[:, None]
    np.testing.assert_allclose(after.means, wanted, rtol=1e-10)


def test_homogeneous_makes_an_affine_map_one_product(rng):
    x, origin, a = rng.normal(size=(5, 3)), rng.normal(size=3), rng.normal(size=(2, 4))
    wanted = (x - origin) @ a[:, :3].T + a[:, 3]
    np.testing.assert_allclose(homogeneous(x, origin) @ a.T, wanted)


def test_partial_steps_run_on_the_same_driver(blobs):
    step = partial(gmm.m_step, floor=np.full(2, 4.0))
    start = gmm.init(blobs, 3, rng=np.random.default_rng(0), diagonal=True)
    run = em(gmm.e_step, step, start, blobs)
    assert run.params.covariances.min() >= 4.0
