"""Discriminant analysis with missing labels: its corners, autograd, and bad input."""

from functools import partial

import numpy as np
import pytest
import torch

from latent.em import em
from latent.mixtures import gaussian_mixture as gmm
from latent.mixtures import semi_supervised_gda as ssgda

shapes = pytest.mark.parametrize("diagonal", [False, True], ids=["full", "diagonal"])
WEIGHTS = [0.0, 0.2, 1.0, 5.0]


@pytest.fixture
def classes():
    """Those of the three `blobs`."""
    return np.repeat([0, 1, 2], [200, 200, 100])


@pytest.fixture
def some(classes, rng):
    """A tenth of the labels, every class among them."""
    labels = np.where(rng.random(len(classes)) < 0.1, classes, ssgda.UNKNOWN)
    labels[[0, 200, 400]] = 0, 1, 2
    return labels


def steps(labels, weight, **settings):
    known = {"labels": labels, "weight": weight}
    return partial(ssgda.e_step, **known), partial(ssgda.m_step, **known, **settings)


def by_class(x, classes, *, diagonal=False):
    """Discriminant analysis in closed form."""
    groups = [x[classes == k] for k in range(classes.max() + 1)]
    return gmm.GaussianMixture(
        np.bincount(classes) / len(classes),
        np.stack([g.mean(axis=0) for g in groups]),
        np.stack([g.var(axis=0) if diagonal else np.cov(g.T, ddof=0) for g in groups]),
    )


def assert_same(one, two, rtol=1e-9):
    for a, b in zip(vars(one).values(), vars(two).values(), strict=True):
        np.testing.assert_allclose(a, b, rtol=rtol, atol=1e-12)


@shapes
@pytest.mark.parametrize("weight", [0.3, 1.0])
def test_all_labels_are_discriminant_analysis_in_one_step(
    blobs, classes, rng, diagonal, weight
):
    """Kills labels that EM may overrule, and a weight on labelled rows."""
    run = ssgda.fit(blobs, classes, 3, rng=rng, weight=weight, diagonal=diagonal)
    assert_same(run.params, by_class(blobs, classes, diagonal=diagonal))
    assert len(run.history) == 3
    np.testing.assert_array_equal(run.responsibilities, np.eye(3)[classes])


@shapes
def test_weight_zero_is_discriminant_analysis_of_the_labelled(
    blobs, some, rng, diagonal
):
    """Kills unlabelled rows that are counted in the weights or the moments."""
    run = ssgda.fit(blobs, some, 3, rng=rng, weight=0, diagonal=diagonal)
    known = some != ssgda.UNKNOWN
    wanted = by_class(blobs[known], some[known], diagonal=diagonal)
    assert_same(run.params, wanted)


def test_weight_zero_does_not_look_at_the_unlabelled(blobs, some, rng):
    """Kills 0 times something that is not finite, and a start that shines through."""
    moved = np.where((some == ssgda.UNKNOWN)[:, None], 50 - 3 * blobs, blobs)
    one, two = (ssgda.fit(x, some, 3, rng=rng, weight=0).params for x in (blobs, moved))
    assert_same(one, two)


@shapes
def test_no_labels_are_the_mixture_from_the_same_start(blobs, diagonal):
    """Kills a changed likelihood, order of classes, or use of the generator."""
    nothing = np.full(len(blobs), ssgda.UNKNOWN)
    ours, theirs = (
        fit(blobs, *labels, 3, rng=np.random.default_rng(4), diagonal=diagonal)
        for fit, labels in ((ssgda.fit, (nothing,)), (gmm.fit, ()))
    )
    np.testing.assert_allclose(ours.history, theirs.history, rtol=1e-13)
    assert_same(ours.params, theirs.params)


@pytest.mark.parametrize("weight", [0.1, 7.0])
def test_without_labels_the_weight_changes_the_scale_alone(blobs, weight):
    """Kills a weight that enters the responsibilities."""
    nothing = np.full(len(blobs), ssgda.UNKNOWN)
    one, other = (
        ssgda.fit(
            blobs, nothing, 3, rng=np.random.default_rng(4), weight=w, max_iter=9, tol=0
        )
        for w in (1.0, weight)
    )
    assert_same(one.params, other.params)
    np.testing.assert_allclose(other.history, weight * one.history)


def test_a_weight_of_two_is_every_unlabelled_row_twice(blobs, some, rng):
    """Kills l + u in the place of l + lambda u, and a weight in one update only."""
    unknown = some == ssgda.UNKNOWN
    twice = np.vstack([blobs, blobs[unknown]])
    labels = np.concatenate([some, some[unknown]])
    start = ssgda.init(blobs, some, 3, rng=rng)
    settings = {"max_iter": 20, "tol": -1.0}
    heavy = em(*steps(some, 2.0), start, blobs, **settings)
    double = em(*steps(labels, 1.0), start, np.asfortranarray(twice), **settings)
    assert_same(heavy.params, double.params)
    scale = len(twice) / len(blobs)
    np.testing.assert_allclose(heavy.history, scale * double.history)


@shapes
def test_the_start_has_the_labelled_means_and_the_spread_of_all_rows(
    blobs, some, diagonal, rng
):
    """Kills equal shares, the covariance of the labelled rows, and one without ddof=0.

    The rows that are labelled move the means, all rows the shapes.
    """
    start = ssgda.init(blobs, some, 3, rng=rng, diagonal=diagonal)
    known = some != ssgda.UNKNOWN
    labelled = by_class(blobs[known], some[known])
    np.testing.assert_allclose(start.weights, labelled.weights)
    np.testing.assert_allclose(start.means, labelled.means)
    spread = blobs.var(axis=0) if diagonal else np.cov(blobs.T, ddof=0)
    np.testing.assert_allclose(start.covariances, np.stack([spread] * 3), rtol=1e-9)


@pytest.mark.parametrize("weight", WEIGHTS)
def test_the_objective_by_direct_sums(blobs, some, rng, weight):
    """Kills a mean over labelled rows, a lost weight, p(x) for p(x, y)."""
    params = gmm.init(blobs, 3, rng=rng)
    r, objective = ssgda.e_step(params, blobs, some, weight)
    joint = np.exp(gmm.log_joint(params, blobs))
    known = some != ssgda.UNKNOWN
    labelled = np.log(joint[known, some[known]]).sum()
    unlabelled = np.log(joint[~known].sum(axis=1)).sum()
    wanted = (labelled + weight * unlabelled) / len(blobs)
    np.testing.assert_allclose(objective, wanted)
    np.testing.assert_array_equal(r[known], np.eye(3)[some[known]])
    posterior = joint[~known] / joint[~known].sum(axis=1, keepdims=True)
    np.testing.assert_allclose(r[~known], posterior)


@shapes
@pytest.mark.parametrize("weight", WEIGHTS)
def test_gradient_of_the_bound_vanishes_after_the_m_step(
    blobs, some, diagonal, weight, rng
):
    """Kills every wrong M-step: autograd differentiates G itself."""
    start = ssgda.init(blobs, some, 3, rng=rng, diagonal=diagonal)
    r, _ = ssgda.e_step(start, blobs, some, weight)
    best = ssgda.m_step(start, blobs, r, some, weight)
    logits, means, shape = (
        torch.tensor(v, requires_grad=True)
        for v in (np.log(best.weights), best.means, best.covariances)
    )
    cov = torch.diag_embed(shape) if diagonal else shape
    normal = torch.distributions.MultivariateNormal(means, cov)
    log_joint = logits.log_softmax(0) + normal.log_prob(torch.tensor(blobs)[:, None])
    counted = torch.tensor(np.where(some == ssgda.UNKNOWN, weight, 1.0))
    g = (counted[:, None] * torch.tensor(r) * log_joint).sum() / len(blobs)
    g.backward()
    for parameter in (logits, means, shape):
        assert parameter.grad.abs().max() < 1e-10
    np.testing.assert_allclose(best.weights.sum(), 1)


@shapes
@pytest.mark.parametrize("weight", WEIGHTS)
def test_the_objective_never_falls(blobs, some, rng, diagonal, weight):
    run = ssgda.fit(
        blobs,
        some,
        3,
        rng=rng,
        weight=weight,
        diagonal=diagonal,
        max_iter=5000,
        tol=1e-9,
    )
    assert (np.diff(run.history) >= -1e-12 * (1 + np.abs(run.history[1:]))).all()
    assert run.converged


def test_a_negative_weight_may_lower_the_objective(rng):
    """The premise of `ssgda-bound`: the driver notices."""
    fallen = 0
    for _ in range(20):
        x = np.vstack([rng.normal(-1.2, 1, (300, 2)), rng.normal(1.2, 1, (300, 2))])
        labels = np.repeat([0, 1], 300)
        labels[rng.random(600) < 0.5] = ssgda.UNKNOWN
        start = ssgda.init(x, labels, 2, rng=rng)
        try:
            em(*steps(labels, -0.2), start, x)
        except ArithmeticError:
            fallen += 1
    assert fallen > 0


def test_unlabelled_data_help_where_the_model_is_true(rng):
    """Kills a method that never does more than discriminant analysis."""
    a = np.array([[[1.0, 0.9], [0.9, 1.6]], [[1.0, -0.5], [-0.5, 0.6]]])
    truth = gmm.GaussianMixture(np.full(2, 0.5), np.array([[-1.2, 0], [1.2, 0]]), a)
    test_x, test_y = gmm.sample(truth, 5000, rng=rng)
    gains = []
    for _ in range(10):
        x, y = gmm.sample(truth, 400, rng=rng)
        labels = np.full(400, ssgda.UNKNOWN)
        for k in (0, 1):
            labels[np.flatnonzero(y == k)[:5]] = k
        both = [
            (gmm.predict(ssgda.fit(x, labels, 2, rng=rng, weight=w).params, test_x))
            for w in (0, 1)
        ]
        gains.append((both[1] == test_y).mean() - (both[0] == test_y).mean())
    assert np.median(gains) > 0.02


@pytest.mark.parametrize("order", [np.random.default_rng(5).permutation(500)])
def test_the_order_of_the_rows_does_not_matter(blobs, some, rng, order):
    """Kills labelled rows that must come first."""
    one = ssgda.fit(blobs, some, 3, rng=rng, max_iter=20, tol=0)
    other = ssgda.fit(blobs[order], some[order], 3, rng=rng, max_iter=20, tol=0)
    assert_same(one.params, other.params, rtol=1e-7)
    np.testing.assert_allclose(
        one.responsibilities[order], other.responsibilities, atol=1e-8
    )


def test_exchanged_names_are_exchanged_classes(blobs, some, rng):
    """Kills a class that is treated apart."""
    names = np.array([2, 0, 1])
    renamed = np.where(some == ssgda.UNKNOWN, some, names[some])
    one, other = (
        ssgda.fit(blobs, y, 3, rng=rng, max_iter=20, tol=0).params
        for y in (some, renamed)
    )
    np.testing.assert_allclose(other.means[names], one.means, rtol=1e-9)
    np.testing.assert_allclose(other.weights[names], one.weights, rtol=1e-9)


@pytest.mark.parametrize("shift", [1e4, 1e8])
def test_shifted_data_move_the_means_and_nothing_else(blobs, some, rng, shift):
    here, there = (
        ssgda.fit(blobs + s, some, 3, rng=rng, weight=0.3).params for s in (0, shift)
    )
    np.testing.assert_allclose(there.means - shift, here.means, atol=1e-5)
    np.testing.assert_allclose(
        there.covariances, here.covariances, rtol=1e-5, atol=1e-5
    )


@pytest.mark.parametrize("scale", [1e-8, 1e6])
def test_a_change_of_units_changes_nothing_else(blobs, some, rng, scale):
    here, there = (
        ssgda.fit(blobs * s, some, 3, rng=rng, weight=0.3).params for s in (1, scale)
    )
    np.testing.assert_allclose(there.weights, here.weights, rtol=1e-6)
    np.testing.assert_allclose(
        there.covariances, here.covariances * scale**2, rtol=1e-5
    )


def test_one_label_a_class_and_no_unlabelled_stays_on_the_floor(rng):
    x = rng.normal(size=(3, 2))
    run = ssgda.fit(x, np.arange(3), 3, rng=rng)
    np.testing.assert_allclose(run.params.means, x)
    floor = np.diag(gmm.variance_floor(x))
    np.testing.assert_allclose(run.params.covariances, np.stack([floor] * 3), rtol=1e-6)
    np.testing.assert_array_equal(gmm.predict(run.params, x), np.arange(3))


@pytest.mark.parametrize("kind", [np.int8, np.int64, list])
def test_labels_of_any_whole_kind(blobs, some, rng, kind):
    labels = list(some) if kind is list else some.astype(kind)
    one, two = (
        ssgda.fit(blobs, y, 3, rng=rng, max_iter=3).params for y in (labels, some)
    )
    assert_same(one, two)


def test_unsigned_labels_of_a_full_set(blobs, classes, rng):
    """Kills -1 that becomes 255: the digits' labels are unsigned bytes."""
    params = ssgda.fit(blobs, classes.astype(np.uint8), 3, rng=rng).params
    assert_same(params, by_class(blobs, classes))


GOOD = [0, 1, -1, -1, -1, -1, -1, -1, 0, 1]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"labels": GOOD[:-1]},
            r"shape \(10,\), one a row; got \(9,\)",
        ),
        ({"labels": [GOOD] * 2}, r"shape \(10,\), one a row; got \(2, 10\)"),
        ({"labels": [0.5, *GOOD[1:]]}, "labels must be whole numbers, -1 where .* 0.5"),
        (
            {"labels": [np.nan, *GOOD[1:]]},
            "whole numbers, -1 where .* float64 .*nan",
        ),
        ({"labels": ["a", *"1" * 9]}, "must be whole numbers, .* such as 'a'"),
        ({"labels": [None, *GOOD[1:]]}, "must be whole numbers, .* such as None"),
        ({"labels": [True] * 10}, "must be whole numbers, .* got bool such as True"),
        ({"labels": [2, *GOOD[1:]]}, r"0 to 1, or -1 where .* labels\[0\] is 2"),
        ({"labels": [*GOOD[:3], -2, *GOOD[4:]]}, r"labels\[3\] is -2"),
        ({"n_classes": 3}, r"the classes \[2\] of 3 have no label; give each at least"),
        ({"labels": [1] + [-1] * 9}, r"the classes \[0\] of 2 have no label"),
        ({"labels": [-1] * 10, "weight": 0}, "no row has a label and weight is 0"),
        ({"weight": -0.1}, "finite number, 0 or more; got -0.1: with a negative one"),
        ({"weight": np.nan}, "weight must be a finite number, 0 or more; got nan"),
        ({"weight": np.inf}, "weight must be a finite number, 0 or more; got inf"),
        ({"x": np.zeros(5)}, r"shape \(N, D\)"),
        ({"x": np.full((10, 2), np.nan)}, "x must be finite"),
        ({"n_classes": 0}, "n_classes must be a whole number, 1 or more; got 0"),
        ({"n_classes": 11}, "n_classes is 11, but there are only 10"),
        ({"tol": -1.0}, "tol must be 0 or more"),
        ({"max_iter": 0}, "max_iter must be a whole number"),
    ],
)
def test_bad_input_is_named(rng, changes, message):
    arguments = {
        "x": rng.normal(size=(10, 2)),
        "labels": GOOD,
        "n_classes": 2,
        **changes,
    }
    with pytest.raises(ValueError, match=message):
        ssgda.fit(**arguments, rng=rng)
