"""The EM driver, and what every model on it must keep: one table of models."""

import dataclasses
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest

from latent.em import Fit, blocks, em, homogeneous, posterior
from latent.mixtures import gaussian_mixture as gmm
from latent.mixtures import kmeans, registration


def some(x, k, rng):
    """Observations that serve as the reference points of a registration."""
    return x[rng.choice(len(x), k, replace=False)]


registered = SimpleNamespace(
    e_step=registration.e_step,
    m_step=registration.m_step,
    init=lambda x, k, *, rng: registration.init(x, some(x, k, rng)),
    fit=lambda x, k, *, rng, **settings: registration.fit(
        x, some(x, k, rng), **settings
    ),
)
MODELS = {
    "kmeans": (kmeans, {}),
    "gmm-full": (gmm, {}),
    "gmm-diagonal": (gmm, {"diagonal": True}),
    "registration": (registered, {}),
}
every_model = pytest.mark.parametrize("name", MODELS)


def fitted(name, x, k, seed=0, **settings) -> Fit:
    model, fixed = MODELS[name]
    return model.fit(x, k, rng=np.random.default_rng(seed), **fixed, **settings)


def arrays(r) -> list[np.ndarray]:
    """The responsibilities, or the sums of them that an E-step gives instead."""
    return [r] if isinstance(r, np.ndarray) else list(vars(r).values())


@every_model
@pytest.mark.parametrize("k", [1, 3, 9])
def test_the_objective_never_falls(name, k, blobs):
    """Kills a ridge for the floor, a wrong axis, a wrong step."""
    run = fitted(name, blobs, k, max_iter=5000)
    scale = 1 + np.abs(run.history[1:])
    assert (np.diff(run.history) >= -1e-12 * scale).all()
    assert run.converged


@every_model
def test_history_and_responsibilities_are_those_of_the_parameters(name, blobs):
    """Kills an objective taken before the last M-step."""
    model, _ = MODELS[name]
    run = fitted(name, blobs, 3, max_iter=4)
    responsibilities, objective = model.e_step(run.params, blobs)
    assert len(run.history) == 5
    np.testing.assert_allclose(run.history[-1], objective, rtol=1e-14)
    found = arrays(run.responsibilities)
    for a, b in zip(found, arrays(responsibilities), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-12)
    if len(found) == 1:
        np.testing.assert_allclose(found[0].sum(axis=1), 1)


@every_model
def test_steps_do_not_write_to_their_arguments(name, blobs):
    model, fixed = MODELS[name]
    start = model.init(blobs, 3, rng=np.random.default_rng(0), **fixed)
    before = [np.copy(v) for v in vars(start).values()]
    data = blobs.copy()
    r, _ = model.e_step(start, blobs)
    kept = [a.copy() for a in arrays(r)]
    model.m_step(start, blobs, r)
    np.testing.assert_array_equal(blobs, data)
    for a, b in zip(arrays(r), kept, strict=True):
        np.testing.assert_array_equal(a, b)
    for old, new in zip(before, vars(start).values(), strict=True):
        np.testing.assert_array_equal(old, new)


@every_model
def test_same_seed_same_bits(name, blobs):
    one, two = (fitted(name, blobs, 4, seed=5) for _ in range(2))
    for a, b in zip(vars(one.params).values(), vars(two.params).values(), strict=True):
        np.testing.assert_array_equal(a, b)


@every_model
def test_the_layout_of_the_data_does_not_matter(name, blobs):
    c = fitted(name, np.ascontiguousarray(blobs), 3)
    f = fitted(name, np.asfortranarray(blobs), 3)
    integers = fitted(name, np.rint(blobs).astype(np.int32), 3)
    np.testing.assert_array_equal(c.history, f.history)
    assert np.isfinite(integers.history).all()


@every_model
def test_one_component_is_the_mean_of_the_data(name, blobs):
    params = fitted(name, blobs, 1).params
    if name == "registration":
        centre = registration.centres(params)
    else:
        centre = params.centers if name == "kmeans" else params.means
    np.testing.assert_allclose(centre[0], blobs.mean(axis=0), rtol=1e-12)


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
