"""The classifier against SciPy, scikit-learn, enumeration, and bad labels."""

import numpy as np
import pytest
from scipy.special import softmax
from scipy.stats import multivariate_normal
from sklearn.discriminant_analysis import QuadraticDiscriminantAnalysis as Peer
from sklearn.naive_bayes import GaussianNB

from latent.mixtures import digit_classifier as digits
from latent.mixtures import gaussian_mixture as gmm

shapes = pytest.mark.parametrize("diagonal", [False, True], ids=["full", "diagonal"])


@pytest.fixture
def labelled(rng):
    """Three classes of different sizes, the last made of two groups."""
    sizes = [60, 90, 45, 45]
    centers = np.array([[0.0, 0.0], [3.0, 1.0], [0.0, 5.0], [6.0, 6.0]])
    x = rng.normal(size=(240, 2)) + np.repeat(centers, sizes, axis=0)
    return x, np.repeat([0, 1, 2], [60, 90, 90])


def fitted(x, labels, k, *, seed=0, **settings):
    return digits.fit(x, labels, k, rng=np.random.default_rng(seed), **settings)


def joint_by_scipy(params, x):
    """(N, C), in plain numbers: share of the class times density of the mixture."""
    columns = []
    for share, m in zip(params.weights, params.mixtures, strict=True):
        parts = zip(m.weights, m.means, m.covariances, strict=True)
        columns.append(
            share
            * sum(
                w * multivariate_normal(mean, c if c.ndim == 2 else np.diag(c)).pdf(x)
                for w, mean, c in parts
            )
        )
    return np.stack(columns, axis=1)


@shapes
def test_joint_posterior_and_decision_by_direct_sums(labelled, diagonal):
    """Kills a missing share of the class, a mean for a sum, a wrong axis."""
    x, labels = labelled
    params = fitted(x, labels, 2, diagonal=diagonal)
    joint = joint_by_scipy(params, x)
    np.testing.assert_allclose(np.exp(digits.log_joint(params, x)), joint, rtol=1e-9)
    share = joint / joint.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(digits.predict_proba(params, x), share, rtol=1e-9)
    np.testing.assert_array_equal(digits.predict(params, x), joint.argmax(axis=1))


def test_one_full_gaussian_a_class_is_quadratic_discriminant_analysis(labelled):
    x, labels = labelled
    peer = Peer().fit(x, labels)
    found = digits.predict_proba(fitted(x, labels, 1), x)
    np.testing.assert_allclose(found, peer.predict_proba(x), rtol=1e-7, atol=1e-12)


def test_one_diagonal_gaussian_a_class_is_naive_bayes(labelled):
    x, labels = labelled
    peer = GaussianNB(var_smoothing=0).fit(x, labels)
    params = fitted(x, labels, 1, diagonal=True)
    np.testing.assert_allclose(
        digits.predict_proba(params, x), peer.predict_proba(x), rtol=1e-8, atol=1e-12
    )


def test_each_mixture_sees_its_own_class_only(labelled):
    """Kills a fit to all the data: moving one class moves one mixture."""
    x, labels = labelled
    moved = x + 100.0 * (labels == 1)[:, None]
    here, there = fitted(x, labels, 1), fitted(moved, labels, 1)
    shift = [b.means - a.means for a, b in zip(here.mixtures, there.mixtures)]  # noqa: B905
    np.testing.assert_allclose(shift[0], 0, atol=1e-12)
    np.testing.assert_allclose(shift[1], 100)
    np.testing.assert_allclose(shift[2], 0, atol=1e-12)


def test_two_components_find_the_two_groups_of_a_class(labelled):
    """Kills `n_components` that is not passed on: one Gaussian errs more often."""
    x, labels = labelled
    one, two = (fitted(x, labels, k, restarts=3) for k in (1, 2))
    means = two.mixtures[2].means
    np.testing.assert_allclose(means[means[:, 0].argsort()], [[0, 5], [6, 6]], atol=0.6)
    wrong = [(digits.predict(p, x) != labels).sum() for p in (one, two)]
    assert wrong[1] <= wrong[0]


def test_shares_of_the_classes_decide_between_equal_densities():
    """Kills classes taken as equally frequent."""
    same = gmm.GaussianMixture(np.ones(1), np.zeros((1, 2)), np.ones((1, 2)))
    params = digits.DigitClassifier(np.array([0.3, 0.7]), (same, same))
    x = np.array([[0.0, 1.0], [-2.0, 5.0]])
    np.testing.assert_allclose(digits.predict_proba(params, x), [[0.3, 0.7]] * 2)
    np.testing.assert_array_equal(digits.predict(params, x), 1)


@shapes
def test_far_away_points_have_a_posterior_too(labelled, diagonal):
    """Kills densities outside the logarithm: all of them are zero there."""
    x, labels = labelled
    params = fitted(x, labels, 2, diagonal=diagonal)
    far = np.array([[1e5, -1e5], [1e3, 1e3]])
    found = digits.predict_proba(params, far)
    np.testing.assert_allclose(found, softmax(digits.log_joint(params, far), axis=1))
    np.testing.assert_allclose(found.sum(axis=1), 1)


@shapes
@pytest.mark.parametrize("shift", [1e4, 1e8])
def test_shift_and_units_change_no_posterior(labelled, diagonal, shift):
    x, labels = labelled
    here = digits.predict_proba(fitted(x, labels, 2, diagonal=diagonal), x)
    for moved in (x + shift, x * 1e-6):
        there = fitted(moved, labels, 2, diagonal=diagonal)
        np.testing.assert_allclose(digits.predict_proba(there, moved), here, atol=1e-4)


def test_a_common_floor_keeps_a_constant_feature_from_a_veto(rng):
    """Kills a floor per class: a feature constant in one class decides by itself."""
    x = rng.normal(size=(200, 3)) + np.repeat([[0, 0, 0], [4, 0, 0]], 100, axis=0)
    labels = np.repeat([0, 1], 100)
    x[labels == 0, 2] = 0.0
    new = np.array([[0.0, 0.0, 1e-3]])  # in the middle of class 0, but for a speck
    own = fitted(x, labels, 1, diagonal=True)
    common = fitted(x, labels, 1, diagonal=True, floor=np.full(3, 0.01))
    assert digits.predict(own, new) == 1
    assert digits.predict(common, new) == 0


@pytest.mark.parametrize(
    "setting",
    [
        {"diagonal": True},
        {"floor": np.array([0.5, 2.0])},
        {"restarts": 4},
        {"max_iter": 1},
        {"tol": 0.1},
    ],
    ids=lambda setting: next(iter(setting)),
)
def test_each_setting_reaches_the_mixtures(labelled, setting):
    """Kills a setting that is not handed on: the default would be fitted."""
    x, labels = labelled
    rng = np.random.default_rng(4)
    wanted = [gmm.fit(x[labels == c], 2, rng=rng, **setting).params for c in range(3)]
    found, default = (fitted(x, labels, 2, seed=4, **s) for s in (setting, {}))
    for ours, theirs in zip(found.mixtures, wanted, strict=True):
        np.testing.assert_array_equal(ours.covariances, theirs.covariances)
    usual = default.mixtures[2].covariances
    assert not np.array_equal(found.mixtures[2].covariances, usual)


def test_same_seed_same_bits_and_arguments_untouched(labelled):
    x, labels = labelled
    before = x.copy(), labels.copy()
    one, two = (fitted(x, labels.astype(np.uint8), 2, seed=3) for _ in range(2))
    joints = [digits.log_joint(p, np.asfortranarray(x)) for p in (one, two)]
    np.testing.assert_array_equal(*joints)
    np.testing.assert_array_equal(x, before[0])
    np.testing.assert_array_equal(labels, before[1])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"labels": np.zeros(9, int)}, r"labels must be 10 numbers.*got shape \(9,\)"),
        ({"labels": np.zeros((10, 1), int)}, r"got shape \(10, 1\)"),
        ({"labels": np.repeat([-1, 1], 5)}, "0 or more; got int64 from -1 to 1"),
        ({"labels": np.repeat([0.0, 1.0], 5)}, "whole numbers.*got float64"),
        ({"labels": np.repeat([0, 2], 5)}, "each class from 0 to 2.*class 1 has 0"),
        ({"labels": np.repeat([0, 1], [9, 1])}, "needs 2 or more.*class 1 has 1"),
        ({"n_components": 0}, "n_components must be a whole number"),
        ({"x": np.full((10, 2), np.nan)}, "x must be finite"),
        ({"floor": np.ones(1)}, "floor must hold 2 finite variances"),
        ({"restarts": 0}, "restarts must be a whole number"),
    ],
)
def test_bad_input_is_named(rng, changes, message):
    arguments = {
        "x": rng.normal(size=(10, 2)),
        "labels": np.repeat([0, 1], 5),
        "n_components": 2,
        **changes,
    }
    with pytest.raises(ValueError, match=message):
        digits.fit(**arguments, rng=rng)


@pytest.mark.parametrize("function", [digits.predict, digits.predict_proba])
def test_other_features_than_the_fits_are_named(labelled, function):
    params = fitted(*labelled, 1)
    with pytest.raises(ValueError, match="x has 3 features a row; the model has 2"):
        function(params, np.zeros((4, 3)))
