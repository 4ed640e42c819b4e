"""Right-hand sides like those of the claims, altered versions, and an instance."""

import random
from fractions import Fraction
from functools import cache
from typing import Any

import sympy as sp
from sympy import IndexedBase, Product, Rational, Sum, exp, log, sqrt, symbols

from tests.claims.sympy_mutants import mutants

N, K, D, M = symbols("N K D M", integer=True, positive=True)
i, j, k, a, b, d = symbols("i j k a b d", integer=True)
alpha, lam, sigma, y, mean, z = symbols("alpha lambda sigma y mean z", positive=True)
x, r, mu, A, p, pi_, eta, v = map(
    IndexedBase, ["x", "r", "mu", "A", "p", "pi", "eta", "v"]
)
w, m, Q, t, P, T, W, h, g = map(
    IndexedBase, ["w", "m", "Q", "t", "P", "T", "W", "h", "g"]
)
q, lik, pri, u, S, f, s, c = map(
    IndexedBase, ["q", "lik", "pri", "u", "S", "f", "s", "c"]
)
SIGNED = {x, mu, m, P, T, W, u, S, c}  # the others are drawn from (0, 1)

Nk = Sum(r[i, k], (i, 1, N))
first, second = (i, 1, M), (i, M + 1, M + N)
density = Product(p[k, d] ** x[d] * (1 - p[k, d]) ** (1 - x[d]), (d, 1, D))
other = Product(p[j, d] ** x[d] * (1 - p[j, d]) ** (1 - x[d]), (d, 1, D))
drive = Sum(W[i, j] * c[i] / s[i], (i, 1, D))

RIGHT_SIDES = [
    Sum(r[i, k] * x[i, d], (i, 1, N)) / Nk,
    (Sum(eta[i, k] * x[i, d], (i, 1, N)) + alpha)
    / (Sum(eta[i, k], (i, 1, N)) + 2 * alpha),
    Nk / N,
    (Nk + alpha) / (N + alpha * K),
    Sum(r[i, k] * (x[i, d] - mu[k, d]) ** 2, (i, 1, N)) / Nk,
    Sum(w[i] * x[i, a] * x[i, b], (i, 1, N)) / Sum(w[i], (i, 1, N)) - m[a] * m[b],
    (Sum(t[i, k] * x[i, d], first) + lam * Sum(Q[i, k] * x[i, d], second))
    / (Sum(t[i, k], first) + lam * Sum(Q[i, k], second)),
    (Sum(t[i, 1], first) + lam * Sum(Q[i, 1], second)) / (M + lam * N),
    Sum(r[i, j] * (T[j, d] - P[i, d]), (i, 1, N), (j, 1, N)) / N,
    pi_[k] * density / Sum(pi_[j] * other, (j, 1, K)),
    1 / (1 + exp(-(c[j] + drive))),
    Sum((x[i, 1] - m[i]) ** 2 / (2 * s[i] ** 2), (i, 1, D))
    - Sum(log(1 + exp(c[j] + drive)), (j, 1, M)),
    c[i] + s[i] * Sum(W[i, j] * h[j], (j, 1, M)),
    -Rational(1, 2) * Sum(1 + log(s[j] ** 2) - m[j] ** 2 - s[j] ** 2, (j, 1, D)),
    Sum(q[k] * log(lik[k]), (k, 1, K)) - Sum(q[k] * log(q[k] / pri[k]), (k, 1, K)),
    log(Sum(pri[j] * lik[j], (j, 1, K))),
    -log(4)
    + Sum(q[k] * log(2 * q[k] / (q[k] + g[k])), (k, 1, K))
    + Sum(g[k] * log(2 * g[k] / (q[k] + g[k])), (k, 1, K)),
    q[k] / (q[k] + g[k]),
    sp.Piecewise((sp.pi * z / 2, z <= 1), (z * (sp.pi / 2 - 2 * sp.acos(1 / z)), True)),
    exp(-((log(y) - mean) ** 2) / (2 * sigma**2)) / (y * sigma * sqrt(2 * sp.pi)),
    N * A[b, a]
    + Sum((1 - 2 / (1 + exp(-Sum(W[a, j] * x[i, j], (j, 1, D))))) * x[i, b], (i, 1, N)),
    Sum(f[i], (i, 1, D))
    - Sum(u[a, j] * S[a, b] * u[b, j], (a, 1, D), (b, 1, D), (j, 1, K)),
    Sum(f[i], (i, K + 1, D)),
    # A range that depends on another index.
    Sum(x[i, j] * w[j], (i, j, N), (j, 1, N)) - Sum(w[i], (i, 1, j), (j, 1, N)),
    # A sum of posteriors over one index, squared: outer and inner names meet.
    Sum(Sum(q[j] / Sum(q[k], (k, 1, K)) * r[i, j], (j, 1, K)) ** 2 * w[i], (i, 1, N)),
]


def letters(e: Any) -> dict[str, list[Any]]:
    members = e.atoms(sp.Indexed)
    families = {(ix.base, len(ix.indices)) for ix in members}
    sizes = [n for n in (N, K, D, M) if n in e.free_symbols]
    bound = {v for t in e.atoms(Sum, Product) for v, _, _ in t.limits}
    indices = bound | {n for ix in members for n in ix.indices if n.is_Symbol}
    scalars = e.free_symbols & {alpha, lam, sigma, y, mean, z}
    return {
        "families": sorted(families, key=str),
        "sizes": sizes,
        "indices": sorted(indices, key=str),
        "scalars": sorted(scalars, key=str),
    }


def expressions() -> list[Any]:
    """The right-hand sides, each followed by its altered versions."""
    return [m for e in RIGHT_SIDES for m in [e, *mutants(e, letters(e))]]


def instance(seed: int) -> dict[Any, Any]:
    """Sizes, fixed indices, scalars, and tables that answer at any place."""
    rng = random.Random(seed)
    env: dict[Any, Any] = {N: 4, K: 3, D: 2, M: 1}
    env |= {i: 1, j: 2, k: 3, a: 1, b: 2, d: 2}
    env = {key: Fraction(v) for key, v in env.items()}
    for scalar in (alpha, lam, sigma, y, mean, z):
        env[scalar] = Fraction(rng.randint(1, 60), 40)

    def table(low: int) -> Any:
        @cache
        def entry(*_: int) -> Fraction:
            return Fraction(rng.randint(low, 96), 97)

        return entry

    for base in (x, r, mu, A, p, pi_, eta, v, w, m, Q, t, P, T, W, h, g):
        env[base] = table(-96 if base in SIGNED else 1)
    for base in (q, lik, pri, u, S, f, s, c):
        env[base] = table(-96 if base in SIGNED else 1)
    return env
