"""The proofs that the chapters need, each with wrong versions that must stay unproved.

Mutations that fail these tests: `gap` that forgets `nonnegative`; `optimum` without
the simplex sum; `below` with the bounds of log exchanged; a quadratic form whose matrix
is not summed over one square range; signs of factors not counted.
"""

import pytest
from sympy import IndexedBase, Product, Rational, Sum, Symbol, exp, log, symbols

from claims.gradients import LogDet
from claims.proofs import (
    Definite,
    Symmetric,
    bound,
    gap,
    h,
    identity,
    nonnegative,
    optimum,
    stationary,
    stationary_covariance,
)
from claims.sums import grad, is_zero

N, K, D, L = symbols("N K D L", integer=True, positive=True)
n, i, j, k, a, b, c, d = symbols("n i j k a b c d", integer=True)
x, r, mu, A, p, pi, s, q = map(IndexedBase, ("x", "r", "mu", "A", "p", "pi", "s", "q"))
eta, Sigma, y, Q = map(IndexedBase, ("eta", "Sigma", "y", "Q"))
pj, T, P, z = map(IndexedBase, ("pj", "T", "P", "z"))
alpha, lam = symbols("alpha lambda", positive=True)
ROWS = (Sum(r[n, k], (k, 1, K)), 1)
Q_ONE = (Sum(q[k], (k, 1, K)), 1)
Nk = Sum(r[n, k], (n, 1, N))
mean = Sum(r[n, k] * x[n, d], (n, 1, N)) / Nk
nkd = (n, 1, N), (k, 1, K), (d, 1, D)
nk = (n, 1, N), (k, 1, K)


# -- K-means ----------------------------------------------------------------------

distortion = Sum(r[n, k] * (x[n, d] - mu[k, d]) ** 2, *nkd)


@pytest.mark.parametrize(
    ("update", "sense", "assumptions", "found"),
    [
        (mean, "min", [r], "global"),
        (mean, "min", [], "stationary"),
        (mean, "max", [r], "stationary"),
        (2 * mean, "min", [r], "not proved"),
        (mean * Nk / N, "min", [r], "not proved"),
        (Sum(x[n, d], (n, 1, N)) / N, "min", [r], "not proved"),
        (mu[k, d], "min", [r], "not proved"),
    ],
)
def test_kmeans_centroid(update, sense, assumptions, found):
    got = optimum(distortion, mu, (k, d), update, sense=sense, assumptions=assumptions)
    assert got == found


def test_kmeans_assignment():
    """The nearest centroid is best: rows sum to one, each distance >= the least."""
    distance, least, hat = map(IndexedBase, ("distance", "least", "hat"))
    J = Sum(r[n, k] * distance[n, k], *nk)
    nearest = (Sum(hat[n, k] * distance[n, k], (k, 1, K)), least[n])
    certificate = Sum(r[n, k] * (distance[n, k] - least[n]), *nk)
    known = [r, distance[n, k] - least[n]]

    def proved(premises, assumptions, certificate=certificate):
        return gap(
            J, r, (n, k), hat[n, k], certificate,
            sense="min", premises=premises, assumptions=assumptions,
        )  # fmt: skip

    assert proved([ROWS, nearest], known)
    assert not proved([nearest], known)
    assert not proved([ROWS], known)
    assert not proved([ROWS, nearest], [r])
    assert not proved([ROWS, nearest], known, -certificate)


# -- mixtures of Gaussians --------------------------------------------------------

quadratic = -Rational(1, 2) * Sum(
    r[n, k] * (x[n, a] - mu[k, a]) * A[k, a, b] * (x[n, b] - mu[k, b]),
    *nk, (a, 1, D), (b, 1, D),
)  # fmt: skip


def test_gmm_mean():
    known = {"premises": [Symmetric(A)], "assumptions": [r, Definite(A)]}
    assert optimum(quadratic, mu, (k, d), mean, **known) == "global"
    assert optimum(quadratic, mu, (k, d), mean, premises=[Symmetric(A)]) == "stationary"
    assert optimum(quadratic, mu, (k, d), mean * Nk / N, **known) == "not proved"
    assert not stationary(quadratic, mu, (k, d), mean + 1, premises=[Symmetric(A)])


log_weights = Sum(r[n, k] * log(pi[k]), *nk)


@pytest.mark.parametrize(
    ("objective", "update", "premises", "found"),
    [
        (log_weights, Nk / N, [ROWS], "global"),
        (log_weights, Nk / N, [], "not proved"),
        (log_weights, Nk / K, [ROWS], "not proved"),
        (log_weights, 1 / K, [ROWS], "not proved"),
        (
            log_weights + alpha * Sum(log(pi[k]), (k, 1, K)),
            (Nk + alpha) / (N + alpha * K), [ROWS], "global",
        ),
        (
            log_weights + alpha * Sum(log(pi[k]), (k, 1, K)),
            (Nk + alpha) / (N + alpha), [ROWS], "not proved",
        ),
    ],
)  # fmt: skip
def test_mixture_weights(objective, update, premises, found):
    got = optimum(
        objective, pi, (k,), update,
        simplex=(k, K), premises=premises, assumptions=[r],
    )  # fmt: skip
    assert got == found


def test_weights_without_the_simplex_are_not_stationary():
    assert not stationary(log_weights, pi, (k,), Nk / N, premises=[ROWS])


def test_diagonal_covariance():
    Q_s = -Sum(r[n, k] * (log(s[k, d]) + (x[n, d] - mu[k, d]) ** 2 / s[k, d]), *nkd) / 2
    hat = Sum(r[n, k] * (x[n, d] - mu[k, d]) ** 2, (n, 1, N)) / Nk
    known = {"assumptions": [r, s]}
    assert optimum(Q_s, s, (k, d), hat, **known) == "global"
    assert optimum(Q_s, s, (k, d), hat, assumptions=[s]) == "stationary"
    assert optimum(Q_s, s, (k, d), hat * Nk / N, **known) == "not proved"
    assert optimum(Q_s, s, (k, d), hat ** Rational(1, 2), **known) == "not proved"


def covariance_objective(volume):
    square = (x[n, a] - mu[k, a]) * A[k, a, b] * (x[n, b] - mu[k, b])
    form = Sum(square, (a, 1, D), (b, 1, D))
    return -Sum(r[n, k] * (volume + form), *nk) / 2


scatter = Sum(r[n, k] * (x[n, a] - mu[k, a]) * (x[n, b] - mu[k, b]), (n, 1, N)) / Nk
raw = Sum(r[n, k] * x[n, a] * x[n, b], (n, 1, N)) / Nk


@pytest.mark.parametrize(
    "volume",
    [
        LogDet(Sigma, D, k),
        -LogDet(A, D, k),
        log(IndexedBase("Sigma_det", positive=True)[k]),
    ],
)
def test_full_covariance_modulo_jacobi(volume):
    objective = covariance_objective(volume)
    idx = (k, a, b)
    assert stationary_covariance(objective, A, Sigma, idx, scatter)
    assert not stationary_covariance(objective, A, Sigma, idx, scatter * Nk / N)
    assert not stationary_covariance(objective, A, Sigma, idx, raw)
    assert not stationary_covariance(objective, A, Sigma, idx, 2 * scatter)


def test_full_covariance_needs_the_determinant():
    assert not stationary_covariance(
        covariance_objective(0), A, Sigma, (k, a, b), scatter
    )


def test_covariance_is_second_moment_minus_square_of_the_mean():
    first = Sum(r[n, k] * x[n, a], (n, 1, N)) / Nk
    defined = [(mu[k, a], first)]
    outer = mu[k, a] * mu[k, b]
    assert identity(scatter, raw - outer, defined)
    assert not identity(scatter, raw - outer)
    assert not identity(scatter, raw + outer, defined)


def test_responsibilities():
    f = IndexedBase("f")
    posterior = pi[k] * f[n, k] / Sum(pi[j] * f[n, j], (j, 1, K))
    assert identity(Sum(posterior, (k, 1, K)), 1)
    assert not identity(Sum(posterior, (n, 1, K)), 1)
    lse = log(Sum(exp(log(pi[j]) + log(f[n, j])), (j, 1, K)))
    assert identity(posterior, exp(log(pi[k]) + log(f[n, k]) - lse))
    assert not identity(posterior, exp(log(pi[k]) - lse))


def test_log_sum_exp_shift():
    m, t = Symbol("m"), IndexedBase("t")
    lse = log(Sum(exp(t[k]), (k, 1, K)))
    assert identity(lse, m + log(Sum(exp(t[k] - m), (k, 1, K))))
    assert not identity(lse, m + log(Sum(exp(t[k]), (k, 1, K))))
    assert not identity(lse, log(Sum(exp(t[k] - m), (k, 1, K))) - m)


def test_gradient_of_the_log_likelihood_in_a_mean():
    C, w, k0, d0 = IndexedBase("C"), IndexedBase("w"), Symbol("k0"), Symbol("d0")

    def density(at, of):
        form = (x[at, a] - mu[of, a]) * C[of, a, b] * (x[at, b] - mu[of, b])
        return w[of] * exp(-Sum(form, (a, 1, D), (b, 1, D)) / 2)

    likelihood = Sum(log(Sum(density(n, k), (k, 1, K))), (n, 1, N))
    resp = density(n, k0) / Sum(density(n, k), (k, 1, K))
    pull = Sum(C[k0, d0, b] * (x[n, b] - mu[k0, b]), (b, 1, D))
    slope = grad(likelihood, mu, k0, d0)
    known = [Symmetric(C)]
    assert is_zero(slope - Sum(resp * pull, (n, 1, N)), known)
    assert not is_zero(slope - Sum(resp * (x[n, d0] - mu[k0, d0]), (n, 1, N)), known)


# -- mixtures of Bernoullis -------------------------------------------------------

bits = Sum(
    eta[n, k] * (x[n, d] * log(p[k, d]) + (1 - x[n, d]) * log(1 - p[k, d])), *nkd
)
prior = alpha * Sum(log(p[k, d]) + log(1 - p[k, d]), (k, 1, K), (d, 1, D))
on, seen = Sum(eta[n, k] * x[n, d], (n, 1, N)), Sum(eta[n, k], (n, 1, N))


@pytest.mark.parametrize(
    ("objective", "update", "found"),
    [
        (bits, on / seen, "global"),
        (bits, on / N, "not proved"),
        (bits + prior, (on + alpha) / (seen + 2 * alpha), "global"),
        (bits + prior, (on + alpha) / (seen + alpha * D), "not proved"),
    ],
)
def test_bernoulli(objective, update, found):
    known = [eta, x, 1 - x[n, d]]
    assert optimum(objective, p, (k, d), update, assumptions=known) == found


def test_bernoulli_needs_data_between_zero_and_one():
    assert optimum(bits, p, (k, d), on / seen, assumptions=[eta, x]) == "stationary"


def test_log_domain_e_step():
    def likelihood(of):
        bit = p[of, d] ** x[d] * (1 - p[of, d]) ** (1 - x[d])
        return pi[of] * Product(bit, (d, 1, D))

    def score(of):
        bit = x[d] * log(p[of, d]) + (1 - x[d]) * log(1 - p[of, d])
        return log(pi[of]) + Sum(bit, (d, 1, D))

    posterior = likelihood(k) / Sum(likelihood(j), (j, 1, K))
    assert identity(posterior, exp(score(k) - log(Sum(exp(score(j)), (j, 1, K)))))
    assert not identity(posterior, exp(score(k) - log(Sum(score(j), (j, 1, K)))))


# -- divergences and the evidence bound -------------------------------------------

evidence = Sum(pj[j], (j, 1, K))
elbo = Sum(q[k] * (log(pj[k]) - log(q[k])), (k, 1, K))
to_posterior = Sum(q[k] * log(q[k] / (pj[k] / evidence)), (k, 1, K))


def test_elbo_is_evidence_minus_divergence():
    assert identity(elbo, log(evidence) - to_posterior, [Q_ONE])
    assert not identity(elbo, log(evidence) - to_posterior)
    assert not identity(elbo, log(evidence) + to_posterior, [Q_ONE])
    backwards = Sum(pj[k] / evidence * log(pj[k] / evidence / q[k]), (k, 1, K))
    assert not identity(elbo, log(evidence) - backwards, [Q_ONE])


def test_elbo_three_ways():
    likelihood, of_z = map(IndexedBase, ("likelihood", "of_z"))
    joint = Sum(q[k] * log(likelihood[k] * of_z[k]), (k, 1, K))
    entropy = -Sum(q[k] * log(q[k]), (k, 1, K))
    divergence = Sum(q[k] * log(q[k] / of_z[k]), (k, 1, K))
    expected = Sum(q[k] * log(likelihood[k]), (k, 1, K))
    assert identity(joint + entropy, expected - divergence)
    assert not identity(joint + entropy, expected + divergence)
    assert not identity(joint - entropy, expected - divergence)


def test_elbo_is_a_lower_bound():
    known = {"premises": [Q_ONE], "assumptions": [q, pj]}
    assert bound(elbo, log(evidence), to_posterior, **known)
    assert bound(elbo, log(evidence), to_posterior, [Q_ONE], [q, pj])
    assert not bound(elbo, log(evidence), to_posterior, assumptions=[q, pj])
    assert not bound(elbo, log(evidence), to_posterior, premises=[Q_ONE])
    assert not bound(log(evidence), elbo, -to_posterior, **known)


def test_e_step_is_the_best_q():
    known = {"simplex": (k, K), "assumptions": [q, pj]}
    assert optimum(elbo, q, (k,), pj[k] / evidence, **known) == "global"
    assert optimum(elbo, q, (k,), pj[k], **known) == "not proved"
    assert optimum(elbo, q, (k,), 1 / K, **known) == "not proved"


def test_divergence_is_not_negative():
    divergence = Sum(q[k] * log(q[k] / p[k]), (k, 1, K))
    split = Sum(q[k] * (log(q[k]) - log(p[k])), (k, 1, K))
    p_one = (Sum(p[k], (k, 1, K)), 1)
    assert bound(0, divergence, None, [Q_ONE, p_one], [q, p])
    assert bound(0, split, None, [Q_ONE, p_one], [q, p])
    assert not bound(0, divergence, None, [Q_ONE], [q, p])
    assert not bound(0, divergence, None, [Q_ONE, p_one], [p])
    assert not bound(divergence, 0, None, [Q_ONE, p_one], [q, p])


def test_jensen():
    average = Sum(q[k] * y[k], (k, 1, K))
    left, right = Sum(q[k] * log(y[k]), (k, 1, K)), log(average)
    certificate = Sum(q[k] * h(y[k] / average), (k, 1, K))
    assert bound(left, right, certificate, [Q_ONE], [q, y])
    assert not bound(left, right, certificate, [], [q, y])
    assert not bound(left, right, certificate, [Q_ONE], [y])
    assert not bound(right, left, -certificate, [Q_ONE], [q, y])


def test_gan():
    data, fake, judge = map(IndexedBase, ("data", "fake", "judge"))
    V = Sum(data[k] * log(judge[k]) + fake[k] * log(1 - judge[k]), (k, 1, K))
    best = data[k] / (data[k] + fake[k])
    known = {"assumptions": [data, fake]}
    assert optimum(V, judge, (k,), best, **known) == "global"
    assert optimum(V, judge, (k,), 1 - best, **known) == "not proved"
    assert optimum(V, judge, (k,), best) == "stationary"


# -- semi-supervised, registration, PCA -------------------------------------------


def test_semi_supervised_gda():
    labelled, unlabelled = (n, 1, L), (n, L + 1, L + N)

    def weighted(f, of):
        return Sum(y[n, of] * f, labelled) + lam * Sum(Q[n, of] * f, unlabelled)

    form = (x[n, a] - mu[k, a]) * A[k, a, b] * (x[n, b] - mu[k, b])
    form = Sum(form, (a, 1, D), (b, 1, D))
    J = -weighted(form, k) / 2
    hat = weighted(x[n, d], k) / weighted(1, k)
    known = {"premises": [Symmetric(A)], "assumptions": [y, Q, Definite(A)]}
    assert optimum(J, mu, (k, d), hat, **known) == "global"
    dropped = hat.subs(lam, 1)
    assert optimum(J, mu, (k, d), dropped, **known) == "not proved"

    phi = Symbol("phi", positive=True)
    J = weighted(1, 1) * log(phi) + weighted(1, 0) * log(1 - phi)
    ones = [(y[n, 0], 1 - y[n, 1]), (Q[n, 0], 1 - Q[n, 1])]
    share = weighted(1, 1) / (L + lam * N)
    assert stationary(J, phi, (), share, premises=ones)
    assert not stationary(J, phi, (), share)
    assert not stationary(J, phi, (), weighted(1, 1) / (L + N), premises=ones)


def test_registration():
    sigma = Symbol("sigma", positive=True)
    nj = (n, 1, N), (j, 1, K)
    rows = (Sum(r[n, j], (j, 1, K)), 1)
    square = Sum((P[n, a] + T[a] - z[j, a]) ** 2, (a, 1, 2))
    J = Sum(r[n, j] * (log(pi[n, j]) - square / (2 * sigma**2)), *nj)
    shift = Sum(r[n, j] * (z[j, d] - P[n, d]), *nj) / N
    known = {"premises": [rows], "assumptions": [r]}
    assert optimum(J, T, (d,), shift, **known) == "global"
    assert optimum(J, T, (d,), -shift, **known) == "not proved"
    assert optimum(J, T, (d,), shift, assumptions=[r]) == "not proved"
    weights = {"simplex": (j, K), **known}
    assert optimum(J, pi, (n, j), r[n, j], **weights) == "global"
    assert optimum(J, pi, (n, j), 1 / K, **weights) == "not proved"


def test_pca_gap():
    """Sorted eigenvalues, shares in [0, 1] with sum K: the first K are best."""
    ev, share = IndexedBase("ev"), IndexedBase("share")
    first, last = (i, 1, K), (i, K + 1, D)
    kept = Sum(ev[i] * share[i], first) + Sum(ev[i] * share[i], last)
    certificate = Sum((ev[i] - ev[K]) * (1 - share[i]), first)
    certificate += Sum((ev[K] - ev[i]) * share[i], last)
    total = (Sum(share[i], last), K - Sum(share[i], first))
    assert identity(Sum(ev[i], first) - kept, certificate, [total])
    assert not identity(Sum(ev[i], first) - kept, certificate)
    assert not identity(Sum(ev[i], last) - kept, certificate, [total])


# -- what is manifestly non-negative ----------------------------------------------

t, u = symbols("t u", positive=True)
v = Symbol("v", real=True)


@pytest.mark.parametrize(
    ("e", "seen"),
    [
        (v**2 * t, True),
        (v, False),
        (v * t, False),
        (h(t), True),
        (h(t / u) * t, True),
        (-h(t), False),
        (log(t) - t + 1, False),
        (log(t) - 1 + 1 / t, True),
        (log(t) - 1 + 1 / t**2, False),
        (t - log(t), False),  # true, but not what log t <= t - 1 says at once
        (t * log(t / u) - t + u, True),
        (t * log(u / t) - t + u, False),
        (Sum(r[n, k] * v**2, (n, 1, N)), True),
        (Sum(x[n, 1] * v**2, (n, 1, N)), False),
        (Sum(r[n, 1], (n, 1, N)) - Sum(r[n, 1] * r[n, 2], (n, 1, N)), True),
        (Sum(r[n, 1] * r[n, 2], (n, 1, N)) - Sum(r[n, 1], (n, 1, N)), False),
        (Sum(x[i, a] * A[a, b] * x[i, b] * r[i, 1], (a, 1, D), (b, 1, D)), True),
        (Sum(x[i, a] * A[a, b] * x[j, b], (a, 1, D), (b, 1, D)), False),
        (Sum(x[i, a] * A[a, b] * x[i, b], (a, 1, D), (b, 1, K)), False),
        (Sum(x[i, a] * A[a, b] * x[i, b] * x[b, a], (a, 1, D), (b, 1, D)), False),
        (Sum(x[i, a] * A[a, a] * x[i, a], (a, 1, D)), False),
        (
            Sum(x[i, a] * A[a, b] * x[i, b] * r[n, 1], (n, 1, a), (a, 1, D), (b, 1, D)),
            False,
        ),
    ],
)
def test_nonnegative(e, seen):
    assert nonnegative(e, [r, 1 - r[n, k], Definite(A)]) is seen
