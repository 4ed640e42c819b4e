"""Bernoulli mixtures against enumeration, SciPy, autograd, and the cases that break."""

import itertools
from functools import partial

import numpy as np
import pytest
import torch
from scipy import stats
from scipy.special import logsumexp
from sklearn.naive_bayes import BernoulliNB

from latent import checks
from latent.em import em
from latent.mixtures import bernoulli_mixture as bmm

ALL = np.array(list(itertools.product([0.0, 1.0], repeat=5)))


def a_mixture(rng):
    return bmm.BernoulliMixture(
        np.array([0.5, 0.3, 0.2]), rng.uniform(0.05, 0.95, size=(3, 5))
    )


def same(a, b, **close):
    np.testing.assert_allclose(a.weights, b.weights, **close)
    np.testing.assert_allclose(a.probabilities, b.probabilities, **close)


def test_log_joint_is_weight_times_scipys_bernoullis(rng):
    """Kills log-odds without their constant, and p for 1 - p."""
    params = a_mixture(rng)
    wanted = [
        np.log(w) + stats.bernoulli(p).logpmf(ALL).sum(axis=1)
        for w, p in zip(params.weights, params.probabilities, strict=True)
    ]
    np.testing.assert_allclose(bmm.log_joint(params, ALL), np.transpose(wanted))


def test_probabilities_of_all_patterns_sum_to_one(rng):
    total = np.exp(bmm.log_prob(a_mixture(rng), ALL)).sum()
    np.testing.assert_allclose(total, 1, rtol=1e-13)


def test_responsibilities_and_likelihood_by_direct_sums(rng):
    """Kills a normalisation over the data index, and a sum for a mean."""
    params = a_mixture(rng)
    joint = np.exp(bmm.log_joint(params, ALL))
    r, objective = bmm.e_step(params, ALL)
    np.testing.assert_allclose(r, joint / joint.sum(axis=1, keepdims=True))
    np.testing.assert_allclose(objective, np.log(joint.sum(axis=1)).mean())
    np.testing.assert_array_equal(bmm.predict(params, ALL), r.argmax(axis=1))


def test_the_objective_has_the_priors_as_scipy_has_them(rng):
    """Kills a prior counted once per observation, and one without its second half."""
    one, two = a_mixture(rng), a_mixture(rng)
    prior = {"alpha": 0.4, "gamma": 2.5}

    def log_posterior(params):
        pixels = stats.beta(1.4, 1.4).logpdf(params.probabilities).sum()
        weights = stats.dirichlet([3.5] * 3).logpdf(params.weights)
        return bmm.log_prob(params, ALL).sum() + pixels + weights

    change = bmm.e_step(one, ALL, **prior)[1] - bmm.e_step(two, ALL, **prior)[1]
    wanted = log_posterior(one) - log_posterior(two)
    np.testing.assert_allclose(len(ALL) * change, wanted)


@pytest.mark.parametrize("prior", [{}, {"alpha": 0.3}, {"alpha": 2.0, "gamma": 0.8}])
def test_gradient_of_the_bound_vanishes_after_the_m_step(rng, prior):
    """Kills every wrong M-step, alpha D for 2 alpha too: autograd differentiates Q."""
    x = ALL[rng.integers(len(ALL), size=60)]
    r, _ = bmm.e_step(a_mixture(rng), x)
    best = bmm.m_step(a_mixture(rng), x, r, **prior)
    weights = torch.tensor(np.log(best.weights), requires_grad=True)
    logits = torch.tensor(stats.logistic.ppf(best.probabilities), requires_grad=True)
    log_pi = weights.log_softmax(0)
    bits = torch.distributions.Bernoulli(logits=logits)
    log_pixels = bits.log_prob(torch.tensor(x)[:, None]).sum(dim=2)
    q = (torch.tensor(r) * (log_pi + log_pixels)).sum()
    both = torch.nn.functional.logsigmoid(torch.stack([logits, -logits])).sum()
    q = q + prior.get("alpha", 0) * both + prior.get("gamma", 0) * log_pi.sum()
    q.backward()
    for parameter in (weights, logits):
        assert parameter.grad.abs().max() < 1e-11


def test_known_components_are_the_peers_naive_bayes(bits):
    """scikit-learn's smoothing adds alpha to both counts of a pixel, as ours does."""
    kind = np.repeat([0, 1, 2], [150, 100, 50])
    peer = BernoulliNB(alpha=0.3).fit(bits, kind)
    old = bmm.init(bits, 3, rng=np.random.default_rng(0))
    found = bmm.m_step(old, bits, np.eye(3)[kind], alpha=0.3)
    np.testing.assert_allclose(found.probabilities, np.exp(peer.feature_log_prob_))
    np.testing.assert_allclose(np.log(found.weights), peer.class_log_prior_)
    r, _ = bmm.e_step(found, bits)
    np.testing.assert_allclose(r, peer.predict_proba(bits), atol=1e-12)


def test_zeros_and_ones_exchanged_exchange_the_probabilities(bits):
    """Kills alpha D in the denominator, and probabilities that only reach 0."""
    for alpha in (0.0, 1e-8, 0.5):
        here, there = (
            bmm.fit(x, 3, rng=np.random.default_rng(3), alpha=alpha)
            for x in (bits, 1 - bits)
        )
        np.testing.assert_allclose(there.history, here.history, rtol=1e-9)
        flipped = bmm.BernoulliMixture(
            there.params.weights, 1 - there.params.probabilities
        )
        same(flipped, here.params, atol=1e-9)


def test_the_order_of_the_pixels_does_not_matter(bits, rng):
    order = rng.permutation(bits.shape[1])
    here, there = (
        bmm.fit(x, 3, rng=np.random.default_rng(3)).params
        for x in (bits, bits[:, order])
    )
    np.testing.assert_allclose(there.probabilities, here.probabilities[:, order])


def test_certain_pixels_cost_nothing_where_they_agree_and_all_where_they_do_not():
    """Kills 0 log 0 = NaN, an epsilon for zero, and a sure 1 treated as a sure 0."""
    params = bmm.BernoulliMixture(
        np.array([0.25, 0.75]), np.array([[0.0, 1.0, 0.5], [0.5, 0.5, 0.5]])
    )
    x = np.array([[0.0, 1.0, 1.0], [1.0, 1.0, 0.0], [0.0, 0.0, 0.0]])
    rest = np.log(0.75 / 8)
    wanted = [[np.log(0.25 / 2), rest], [-np.inf, rest], [-np.inf, rest]]
    np.testing.assert_allclose(bmm.log_joint(params, x), wanted)
    r, objective = bmm.e_step(params, x)
    np.testing.assert_array_equal(r[1:, 0], 0)
    assert np.isfinite(objective)


def test_a_certain_pixel_is_found_exactly(bits):
    """Kills a sum of ones that rounding keeps below the count, so that 1 is never met.

    New rows that break what held in all data have probability zero, in both senses.
    """
    params = bmm.fit(bits, 3, rng=np.random.default_rng(0)).params
    np.testing.assert_array_equal(params.probabilities[:, 5], 1)
    np.testing.assert_array_equal(params.probabilities[:, 6], 0)
    for pixel in (5, 6):
        broken = bits.copy()
        broken[4, pixel] = 1 - broken[4, pixel]
        assert np.isneginf(bmm.log_prob(params, broken)[4])
        assert np.isfinite(np.delete(bmm.log_prob(params, broken), 4)).all()
        with pytest.raises(ValueError, match=r"x\[4\] is impossible .*1 of 300 rows.*"):
            bmm.predict(params, broken)


@pytest.mark.parametrize("seed", range(20))
def test_the_data_of_a_fit_are_never_impossible(seed):
    """Kills a probability that rounds to 1 and forbids its own observation."""
    rng = np.random.default_rng(seed)
    x = (rng.random((40, 30)) < rng.choice([0.02, 0.5, 0.98], size=30)).astype(float)
    run = bmm.fit(x, 8, rng=rng, max_iter=2000, tol=0)
    assert np.isfinite(run.history).all()
    assert np.isfinite(bmm.log_prob(run.params, x)).all()
    assert run.params.probabilities.min() >= 0
    assert run.params.probabilities.max() <= 1


def test_pseudo_counts_make_everything_possible(bits):
    params = bmm.fit(bits, 3, rng=np.random.default_rng(0), alpha=1e-8).params
    assert np.isfinite(bmm.log_prob(params, 1 - bits)).all()
    assert (params.probabilities > 0).all()
    assert (params.probabilities < 1).all()


def test_pseudo_counts_pull_to_one_half_and_to_equal_weights(bits):
    """Kills the pull to 1 / D, and a prior that does not reach the weights."""
    old = bmm.init(bits, 3, rng=np.random.default_rng(0))
    r, _ = bmm.e_step(old, bits)
    strong = bmm.m_step(old, bits, r, alpha=1e12, gamma=1e12)
    np.testing.assert_allclose(strong.probabilities, 0.5)
    np.testing.assert_allclose(strong.weights, 1 / 3)


def test_a_small_share_of_zeros_keeps_its_digits():
    """Kills R - S where it cancels: one zero of weight 1e-12 among ones."""
    x = np.ones((1000, 1))
    x[0] = 0
    r = np.ones((1000, 1))
    r[0] = 1e-12
    _, dark = bmm.counts(x, r)
    np.testing.assert_allclose(dark, [[1e-12]], rtol=1e-12)


def test_a_component_without_observations_stays(bits):
    """Kills 0 / 0; with a prior it becomes the prior's mode instead."""
    old = bmm.init(bits, 3, rng=np.random.default_rng(0))
    r = np.zeros((300, 3))
    r[:, 0] = 1
    kept = bmm.m_step(old, bits, r)
    np.testing.assert_array_equal(kept.probabilities[1:], old.probabilities[1:])
    np.testing.assert_array_equal(kept.weights, [1, 0, 0])
    again, objective = bmm.e_step(kept, bits)
    np.testing.assert_array_equal(again, r)
    assert np.isfinite(objective)
    moved = bmm.m_step(old, bits, r, alpha=0.1)
    np.testing.assert_allclose(moved.probabilities[1:], 0.5)


def test_responsibilities_where_products_underflow(rng):
    """Kills products of probabilities: 3000 factors of a quarter are zero in floats."""
    x = (rng.random((6, 3000)) < 0.5).astype(float)
    shares = np.where(x[:2] > 0, 0.75, 0.25)
    r, objective = bmm.e_step(bmm.BernoulliMixture(np.full(2, 0.5), shares), x)
    np.testing.assert_array_equal(r[:2], np.eye(2))
    np.testing.assert_allclose(r.sum(axis=1), 1)
    log_joint = np.log(0.5) + stats.bernoulli(shares).logpmf(x[:, None]).sum(axis=2)
    np.testing.assert_allclose(objective, logsumexp(log_joint, axis=1).mean())


def test_the_mean_of_the_mixture_is_the_mean_of_the_data(bits):
    """What every M-step without a prior keeps, whatever the responsibilities."""
    run = bmm.fit(bits, 4, rng=np.random.default_rng(0), max_iter=3, tol=0)
    mean = run.params.weights @ run.params.probabilities
    np.testing.assert_allclose(mean, bits.mean(axis=0), atol=1e-14)


def test_as_many_components_as_distinct_rows_reach_the_entropy_of_the_data():
    """No density is likelier than the shares of the rows themselves."""
    x = np.repeat(np.eye(4), [4, 3, 2, 1], axis=0)
    shares = np.array([0.4, 0.3, 0.2, 0.1])
    run = bmm.fit(x, 10, rng=np.random.default_rng(0), max_iter=5000, tol=0)
    assert run.history[-1] <= (shares * np.log(shares)).sum() + 1e-12
    np.testing.assert_allclose(run.history[-1], (shares * np.log(shares)).sum())


def test_equal_components_are_never_told_apart(bits):
    """The fixed point that random starts are there to avoid."""
    start = bmm.BernoulliMixture(np.full(3, 1 / 3), np.full((3, 7), 0.5))
    run = em(bmm.e_step, bmm.m_step, start, bits, tol=-1.0, max_iter=5)
    mean = np.tile(bits.mean(axis=0), (3, 1))
    np.testing.assert_allclose(run.params.probabilities, mean, atol=1e-14)


def test_a_start_forbids_no_observation_and_takes_different_ones(bits, rng):
    """Kills rows drawn twice, and probabilities of 0 or 1 before any step."""
    distinct = np.unique(bits, axis=0)
    start = bmm.init(distinct, len(distinct), rng=rng)
    assert len(np.unique(start.probabilities, axis=0)) == len(distinct)
    assert start.probabilities.min() > 0
    assert start.probabilities.max() < 1


def test_a_known_mixture_is_found_again(rng):
    """And its pixels are independent within a component: kills one draw for all."""
    shares = np.array([[0.9] * 6 + [0.1] * 6, [0.2] * 4 + [0.8] * 8])
    params = bmm.BernoulliMixture(np.array([0.3, 0.7]), shares)
    x, z = bmm.sample(params, 20_000, rng=rng)
    assert set(np.unique(x)) == {0, 1}
    np.testing.assert_allclose(z.mean(), 0.7, atol=0.015)
    within = np.corrcoef(x[z == 1].T)
    np.testing.assert_allclose(within, np.eye(12), atol=0.04)
    run = bmm.fit(x, 2, rng=rng)
    order = np.argsort(run.params.weights)
    np.testing.assert_allclose(run.params.weights[order], [0.3, 0.7], atol=0.02)
    np.testing.assert_allclose(run.params.probabilities[order], shares, atol=0.03)


def test_restarts_keep_the_best(bits):
    """Kills the first run for the best one, and the best one for the worst."""
    rng = np.random.default_rng(2)
    starts = [bmm.init(bits, 3, rng=rng) for _ in range(8)]
    ends = [em(bmm.e_step, bmm.m_step, s, bits).history[-1] for s in starts]
    many = bmm.fit(bits, 3, rng=np.random.default_rng(2), restarts=8)
    assert ends[0] < max(ends) - 0.01
    np.testing.assert_allclose(many.history[-1], max(ends), rtol=1e-12)


def test_booleans_are_zeros_and_ones(bits):
    here, there = (
        bmm.fit(x, 3, rng=np.random.default_rng(0)).history
        for x in (bits, bits.astype(bool))
    )
    np.testing.assert_array_equal(here, there)


GREY = np.array([[0.0, 1.0], [1.0, 254.0], [0.5, 0.0]])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"x": np.zeros(5)}, r"shape \(N, D\)"),
        ({"x": np.array([[0.0], [np.nan], [1.0]])}, r"x\[1, 0\] is nan"),
        (
            {"x": GREY, "n_components": 1},
            r"ones; x\[1, 1\] is 254, and 2 of 6",
        ),
        ({"x": -GREY[:1], "n_components": 1}, r"x\[0, 1\] is -1"),
        ({"n_components": 0}, "n_components must be a whole number, 1 or more; got 0"),
        ({"n_components": 301}, "n_components is 301, but there are only 300"),
        ({"alpha": -0.1}, "alpha must be 0 or more; got -0.1"),
        ({"gamma": float("nan")}, "gamma must be 0 or more; got nan"),
        ({"tol": -1.0}, "tol must be 0 or more"),
        ({"max_iter": 0}, "max_iter must be a whole number"),
    ],
)
def test_bad_input_is_named(bits, rng, changes, message):
    arguments = {"x": bits, "n_components": 2, **changes}
    with pytest.raises(ValueError, match=message):
        bmm.fit(**arguments, rng=rng)


@pytest.mark.parametrize("function", [bmm.log_prob, bmm.predict])
def test_what_uses_a_fit_names_bad_input(bits, rng, function):
    params = bmm.fit(bits, 2, rng=rng).params
    with pytest.raises(ValueError, match="3 features a row; the model has 7"):
        function(params, np.zeros((4, 3)))
    with pytest.raises(ValueError, match="must hold zeros and ones"):
        function(params, np.full((4, 7), 0.5))


def test_sample_names_bad_input(rng):
    with pytest.raises(ValueError, match="n must be a whole number"):
        bmm.sample(a_mixture(rng), 0, rng=rng)


def test_the_first_bad_entry_in_reading_order_is_named():
    """Kills a search along the columns, in which the data are stored."""
    x = np.asfortranarray([[0.0, 0.0], [0.0, 3.0], [2.0, 0.0]])
    with pytest.raises(ValueError, match=r"x\[1, 1\] is 3, and 2 of 6"):
        checks.binary(x)


def test_a_prior_in_one_step_only_is_caught(bits):
    """Kills an objective without the prior that the M-step obeys."""
    start = bmm.init(bits, 3, rng=np.random.default_rng(0))
    start = em(bmm.e_step, bmm.m_step, start, bits).params
    with pytest.raises(ArithmeticError, match="a step is wrong"):
        em(bmm.e_step, partial(bmm.m_step, alpha=5.0), start, bits)
