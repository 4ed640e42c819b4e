"""Displayed right-hand sides in the notation of a textbook, each with a reference.

A row is (name, LaTeX, letters, reference of the instance). Free indices are e.k etc.;
references work in machine floats with NumPy and SciPy, apart from the reader.
"""

import itertools
import math
from typing import Any

import numpy as np
import torch
from mpmath import mp
from scipy import integrate, optimize, stats

from claims.domains import (
    Between,
    Binary,
    Defined,
    Definite,
    Derived,
    Distribution,
    Function,
    Index,
    Invertible,
    Joint,
    Label,
    OneHot,
    Orthonormal,
    Outcome,
    Positive,
    Real,
    Simplex,
    Size,
    Unit,
    Values,
)

ROWS: list[tuple[str, str, dict[str, Any], Any]] = []


def row(name: str, tex: str, given: dict[str, Any], reference: Any) -> None:
    """Add one equation."""
    ROWS.append((name, tex, given, reference))


def mvn(x: Any, mean: Any, cov: Any) -> float:
    """The normal density of SciPy."""
    return float(stats.multivariate_normal(mean, cov).pdf(x))


def fl(e: Any, *names: str) -> list[Any]:
    """Several letters in machine floats."""
    return [e.floats(name) for name in names]


N, K, D, M = Size(), Size(), Size(), Size()
INDICES = {"i": Index("N"), "k": Index("K"), "d": Index("D"), "j": Index("K")}
GMM = {
    "N": Size(above="D"),
    "K": K,
    "D": D,
    "i": Index("N"),
    "k": Index("K"),
    "j": Index("D"),
    "x": Real("N", "D"),
    "mu": Real("K", "D"),
    "Sigma": Definite("K", "D", "D"),
    "S": Derived(lambda e: e.Sigma, "K", "D", "D"),
    "pi": Simplex("K"),
    "r": Simplex("N", "K"),
}


def joint(e: Any) -> np.ndarray:
    x, mu, cov, pi = fl(e, "x", "mu", "Sigma", "pi")
    return np.array([[p * mvn(t, m, s) for p, m, s in zip(pi, mu, cov)] for t in x])  # noqa: B905


row(
    "gmm responsibility",
    r"\frac{\pi_k\,\mathcal{N}(\mathbf{x}_i\mid\boldsymbol{\mu}_k,\boldsymbol{\Sigma}_k)}"
    r"{\sum_{m=1}^{K}\pi_m\,\mathcal{N}(\mathbf{x}_i\mid\boldsymbol{\mu}_m,"
    r"\boldsymbol{\Sigma}_m)}",
    GMM,
    lambda e: (lambda w: w[e.i - 1, e.k - 1] / w[e.i - 1].sum())(joint(e)),  # noqa: PLC3002
)
row(
    "normal density",
    r"\frac{1}{(2\pi)^{D/2}\,|\boldsymbol{\Sigma}_k|^{1/2}}\exp\left(-\frac{1}{2}"
    r"(\mathbf{x}_i-\boldsymbol{\mu}_k)^{\top}\boldsymbol{\Sigma}_k^{-1}"
    r"(\mathbf{x}_i-\boldsymbol{\mu}_k)\right)",
    GMM,
    lambda e: (lambda w: w[e.i - 1, e.k - 1])(joint(e)) / float(e.pi[e.k - 1]),  # noqa: PLC3002
)
row(
    "log-sum-exp",
    r"m+\log\sum_{k=1}^{K}e^{a_k-m}",
    {"K": K, "a": Real("K"), "m": Real()},
    lambda e: math.log(np.exp(e.floats("a")).sum()),
)
SS = {
    "l": Size(3, 5),
    "u": Size(3, 6),
    "T": Derived(lambda e: e.l + e.u),
    "M": Size(2, 3),
    "i": Index("T"),
    "j": Index("2", start=0),
    "k": Index("2", start=0),
    "x": Real("T", "M"),
    "y": Label("T", classes=2, start=0),
    "mu": Real("0:2", "M"),
    "Sigma": Definite("0:2", "M", "M"),
    "phi": Simplex("0:2"),
    "Q": Simplex("T", "0:2"),
    "lambda": Positive(),
}


def ss_joint(e: Any) -> np.ndarray:
    x, mu, cov, phi = fl(e, "x", "mu", "Sigma", "phi")
    return np.array([[p * mvn(t, m, s) for p, m, s in zip(phi, mu, cov)] for t in x])  # noqa: B905


PAIR = r"\phi_{%s}\,\mathcal{N}(\mathbf{x}^{(i)}\mid\boldsymbol\mu_{%s},\Sigma_{%s})"
OTHER = ("j'",) * 3
LABELLED = PAIR % (("y^{(i)}",) * 3)


def labelled(e: Any) -> float:
    w = ss_joint(e)
    return sum(math.log(w[i, int(e.y[i])]) for i in range(e.l))


row(
    "hybrid objective",
    rf"\sum_{{i=1}}^{{l}}\log({LABELLED})+\lambda\sum_{{i=l+1}}^{{l+u}}"
    rf"\log\sum_{{j\in\{{0,1\}}}}{PAIR % ('j', 'j', 'j')}",
    SS,
    lambda e: (
        labelled(e) + float(e["lambda"]) * np.log(ss_joint(e)[e.l :].sum(1)).sum()
    ),
)
row(
    "lower bound",
    rf"\sum_{{i=1}}^{{l}}\log({LABELLED})+\lambda\sum_{{i=l+1}}^{{l+u}}"
    rf"\sum_{{j\in\{{0,1\}}}}Q_{{ij}}\log\frac{{{PAIR % ('j', 'j', 'j')}}}{{Q_{{ij}}}}",
    SS,
    lambda e: (
        labelled(e)
        + float(e["lambda"])
        * (
            e.floats("Q")[e.l :]
            * (np.log(ss_joint(e)[e.l :]) - np.log(e.floats("Q")[e.l :]))
        ).sum()
    ),
)
row(
    "semi-supervised responsibility",
    rf"\frac{{{PAIR % ('j', 'j', 'j')}}}{{\sum_{{j'\in\{{0,1\}}}}"
    rf"{PAIR % OTHER}}}",
    SS,
    lambda e: (lambda w: w[e.i - 1, e.j] / w[e.i - 1].sum())(ss_joint(e)),  # noqa: PLC3002
)


def weights(e: Any, k: int) -> np.ndarray:
    known = [float(e.y[i] == k) for i in range(e.l)]
    return np.array(known + list(float(e["lambda"]) * e.floats("Q")[e.l :, k]))


COUNT = r"\sum_{i=1}^{l}\mathbb{I}[y^{(i)}=%s]+\lambda\sum_{i=l+1}^{l+u}Q_{i%s}"
row(
    "semi-supervised mean",
    r"\frac{\sum_{i=1}^{l}\mathbb{I}[y^{(i)}=k]\,\mathbf{x}^{(i)}+\lambda"
    r"\sum_{i=l+1}^{l+u}Q_{ik}\,\mathbf{x}^{(i)}}{" + COUNT % ("k", "k") + "}",
    SS,
    lambda e: weights(e, e.k) @ e.floats("x") / weights(e, e.k).sum(),
)
row(
    "semi-supervised share",
    r"\frac{" + COUNT % ("1", "1") + r"}{l+\lambda u}",
    SS,
    lambda e: weights(e, 1).sum() / (weights(e, 0).sum() + weights(e, 1).sum()),
)
SPREAD = (
    r"(\mathbf{x}^{(i)}-\boldsymbol{\mu}_k)(\mathbf{x}^{(i)}-\boldsymbol{\mu}_k)^{\top}"
)


def ss_cov(e: Any) -> np.ndarray:
    w, gap = weights(e, e.k), e.floats("x") - e.floats("mu")[e.k]
    return (w[:, None] * gap).T @ gap / w.sum()


row(
    "semi-supervised covariance",
    rf"\frac{{\sum_{{i=1}}^{{l}}\mathbb{{I}}[y^{{(i)}}=k]{SPREAD}+\lambda"
    rf"\sum_{{i=l+1}}^{{l+u}}Q_{{ik}}{SPREAD}}}{{{COUNT % ('k', 'k')}}}",
    SS,
    ss_cov,
)


def centred(e: Any) -> np.ndarray:
    a = e.A
    return a - a.sum(axis=0) / len(a)


def eigenvalues(e: Any) -> np.ndarray:
    x = np.array(e.x, float)
    found = np.sort(np.linalg.eigvalsh(x.T @ x / len(x)))[::-1]
    return np.array([mp.mpf(v) for v in found], object)


PCA = {
    "N": Size(above="D"),
    "D": Size(low=4),
    "K": Size(below="D"),
    "A": Real("N", "D"),
    "x": Derived(centred, "N", "D"),
    "y": Real("N", "D"),
    "y_bar": Derived(lambda e: e.y.sum(axis=0) / len(e.y), "D"),
    "S": Derived(lambda e: e.x.T @ e.x / len(e.x), "D", "D"),
    "U": Orthonormal("D", "K"),
    "u": Derived(lambda e: e.U.T, "K", "D"),
    "lambda": Derived(eigenvalues, "D"),
    "i": Index("N"),
    "j": Index("D"),
}


def distortion(e: Any) -> float:
    x, u = fl(e, "x", "U")
    return float(((x - x @ u @ u.T) ** 2).sum() / len(x))


def least(e: Any) -> float:
    x = e.floats("x")
    u = np.linalg.svd(x, full_matrices=False)[2][: e.K].T
    return float(((x - x @ u @ u.T) ** 2).sum() / len(x))


row(
    "pca distortion",
    r"\frac{1}{N}\sum_{n=1}^{N}\left\|\mathbf{x}^{(n)}-\mathbf{U}\mathbf{U}^{\top}"
    r"\mathbf{x}^{(n)}\right\|^2",
    PCA,
    distortion,
)
row(
    "pca distortion by eigenvalues",
    r"\sum_{i=1}^{D}\lambda_i-\sum_{i=1}^{K}\mathbf{u}_i^{\top}\mathbf{S}\mathbf{u}_i",
    PCA,
    distortion,
)
row("pca minimum", r"\sum_{k=K+1}^{D}\lambda_k", PCA, least)
row(
    "covariance",
    r"\frac{1}{N}\sum_{n=1}^{N}(\mathbf{y}^{(n)}-\overline{\mathbf{y}})"
    r"(\mathbf{y}^{(n)}-\overline{\mathbf{y}})^{\top}",
    PCA,
    lambda e: np.cov(e.floats("y").T, bias=True),
)
row(
    "frobenius norm",
    r"\sqrt{\sum_{i,j}(A_{ij})^2}",
    PCA,
    lambda e: np.linalg.norm(e.floats("A")),
)
row(
    "variance kept",
    r"\frac{\sum_{i=1}^{K}\lambda_i}{\sum_{i=1}^{D}\lambda_i}",
    PCA,
    lambda e: 1 - least(e) / np.trace(e.floats("S")),
)
LOGISTIC = Function(lambda t: 1 / (1 + mp.exp(-t)))
SLOPE = Function(lambda t: 1 / (2 + mp.exp(-t) + mp.exp(t)))
ICA = {
    "N": N,
    "m": Size(2, 3),
    "W": Invertible("m", "m"),
    "w": Derived(lambda e: e.W, "m", "m"),
    "x": Real("N", "m"),
    "v": Real("m"),
    "g": LOGISTIC,
    "g'": SLOPE,
    "one": Derived(lambda e: np.array([1] * e.m, object), "m"),
}


def ica(w: Any, x: Any) -> Any:
    u = x @ w.T
    log_slope = torch.nn.functional.logsigmoid
    return (log_slope(u) + log_slope(-u)).sum() + len(x) * torch.linalg.slogdet(w)[1]


def ica_gradient(e: Any) -> np.ndarray:
    w = torch.tensor(e.floats("W"), requires_grad=True)
    ica(w, torch.tensor(e.floats("v"))[None]).backward()
    return w.grad.numpy()  # type: ignore[union-attr]


row(
    "ica log-likelihood",
    r"\sum_{i=1}^{N}\left(\sum_{j=1}^{m}\log g'(\mathbf{w}_j^{\top}\mathbf{x}^{(i)})"
    r"+\log|\det\mathbf{W}|\right)",
    ICA,
    lambda e: float(ica(*(torch.tensor(t) for t in fl(e, "W", "x")))),
)
row(
    "ica gradient",
    r"\left(\mathrm{one}-2g(\mathbf{W}\mathbf{v})\right)\mathbf{v}^{\top}"
    r"+\mathbf{W}^{-\top}",
    ICA,
    ica_gradient,
)
CVAE = {
    "x": Outcome(),
    "y": Outcome(),
    "z": Outcome(),
    "q_phi": Distribution("z", on=("x", "y")),
    "p_theta": Joint("x", "y", "z"),
}


def cvae_bound(e: Any) -> float:
    p, q = fl(e, "p_theta", "q_phi")
    q, p = q[e.x - 1, e.y - 1], p[:, e.y - 1] / p[:, e.y - 1].sum()
    evidence = p[e.x - 1].sum()
    posterior = p[e.x - 1] / evidence
    return math.log(evidence) - float((q * np.log(q / posterior)).sum())


LIKELIHOOD = r"\mathbb{E}_{q_\phi(z\mid x,y)}\left[\log p_\theta(x\mid z,y)\right]-"
row(
    "conditional bound, written out",
    LIKELIHOOD + r"\mathbb{E}_{q_\phi(z\mid x,y)}\left[\log\frac{q_\phi(z\mid x,y)}"
    r"{p_\theta(z\mid y)}\right]",
    CVAE,
    cvae_bound,
)
row(
    "conditional bound",
    LIKELIHOOD
    + r"D_{\mathrm{KL}}\left(q_\phi(z\mid x,y)\,\|\,p_\theta(z\mid y)\right)",
    CVAE,
    cvae_bound,
)


def diagonal_kl(e: Any) -> float:
    total = 0.0
    for m, s in zip(*fl(e, "mu", "sigma")):  # noqa: B905
        law, prior = stats.norm(m, s), stats.norm()
        total += integrate.quad(
            lambda t: law.pdf(t) * (law.logpdf(t) - prior.logpdf(t)),  # noqa: B023
            m - 12 * s,
            m + 12 * s,
        )[0]
    return total


row(
    "kl of a diagonal normal",
    r"-\frac{1}{2}\sum_{j=1}^{m}\left(1+\log(\sigma_j^2)-\mu_j^2-\sigma_j^2\right)",
    {"m": Size(2, 3), "mu": Real("m"), "sigma": Positive("m")},
    diagonal_kl,
)


def full_kl(e: Any) -> float:
    law = [
        torch.distributions.MultivariateNormal(torch.tensor(m), torch.tensor(s))
        for m, s in zip(*fl(e, "mu", "Sigma"))  # noqa: B905
    ]
    return float(torch.distributions.kl_divergence(*law))


row(
    "kl of full normals",
    r"\frac{1}{2}\left[\operatorname{tr}(\boldsymbol{\Sigma}_1^{-1}\boldsymbol{\Sigma}_0)"
    r"+(\boldsymbol{\mu}_1-\boldsymbol{\mu}_0)^{\top}\boldsymbol{\Sigma}_1^{-1}"
    r"(\boldsymbol{\mu}_1-\boldsymbol{\mu}_0)-D"
    r"+\log\frac{|\boldsymbol{\Sigma}_1|}{|\boldsymbol{\Sigma}_0|}\right]",
    {"D": D, "mu": Real("0:2", "D"), "Sigma": Definite("0:2", "D", "D")},
    full_kl,
)
row(
    "gmm negative log-likelihood",
    r"-\sum_{i=1}^{N}\log\left[\sum_{k=1}^{K}\pi_k|2\pi S_k|^{-1/2}\exp\left["
    r"-\frac{1}{2}(\mathbf{x}_i-\boldsymbol{\mu}_k)^{\top}S_k^{-1}"
    r"(\mathbf{x}_i-\boldsymbol{\mu}_k)\right]\right]",
    GMM,
    lambda e: -np.log(joint(e).sum(1)).sum(),
)
row(
    "mixing weight",
    r"\frac{1}{N}\sum_{i=1}^{N}r_{ik}",
    GMM,
    lambda e: e.floats("r")[:, e.k - 1].mean(),
)


def weighted_mean(e: Any) -> np.ndarray:
    totals = e.r.sum(axis=0)
    return np.array([row / t for row, t in zip(e.r.T @ e.x, totals)], object)  # noqa: B905


CENTRED = GMM | {"mu": Derived(weighted_mean, "K", "D")}


def weighted_cov(e: Any) -> np.ndarray:
    w = e.floats("r")[:, e.k - 1]
    return np.cov(e.floats("x").T, aweights=w, ddof=0)


row(
    "covariance by second moments",
    r"\frac{\sum_{i=1}^{N}r_{ik}\mathbf{x}_i\mathbf{x}_i^{\top}}{\sum_{i=1}^{N}r_{ik}}"
    r"-\boldsymbol{\mu}_k\boldsymbol{\mu}_k^{\top}",
    CENTRED,
    weighted_cov,
)
row(
    "diagonal covariance",
    r"\frac{\sum_{i=1}^{N}r_{ik}x_{ij}^2}{\sum_{i=1}^{N}r_{ik}}-\mu_{kj}^2",
    CENTRED,
    lambda e: weighted_cov(e)[e.j - 1, e.j - 1],
)


def mean_gradient(e: Any) -> np.ndarray:
    x, mu, cov, pi = (torch.tensor(t) for t in fl(e, "x", "mu", "Sigma", "pi"))
    mu.requires_grad_()
    law = torch.distributions.MultivariateNormal(mu, cov)
    torch.logsumexp(law.log_prob(x[:, None]) + pi.log(), 1).sum().backward()
    return mu.grad.numpy()[e.k - 1]  # type: ignore[union-attr]


def responsibilities(e: Any) -> np.ndarray:
    w = joint(e)
    return np.vectorize(mp.mpf, otypes=[object])(w / w.sum(1, keepdims=True))


row(
    "gradient in the mean",
    r"\sum_{i=1}^{N}r_{ik}S_k^{-1}(\mathbf{x}_i-\boldsymbol{\mu}_k)",
    GMM | {"r": Derived(responsibilities, "N", "K")},
    mean_gradient,
)
BMM = {
    "N": N,
    "K": K,
    "D": D,
    "i": Index("N"),
    "k": Index("K"),
    "j": Index("K"),
    "d": Index("D"),
    "x": Binary("N", "D"),
    "v": Binary("D"),
    "t": Unit("D"),
    "p": Unit("K", "D"),
    "pi": Simplex("K"),
    "eta": Simplex("N", "K"),
    "pi_hat": Simplex("K"),
    "p_hat": Unit("K", "D"),
    "alpha": Positive(),
    "c": Derived(lambda e: e.eta.sum(axis=0), "K"),
}


def bernoulli(p: Any, x: Any) -> Any:
    return np.prod(np.where(x > 0, p, 1 - p), axis=-1)


def bmm_joint(e: Any) -> np.ndarray:
    x, p, pi = fl(e, "x", "p", "pi")
    return pi * bernoulli(p, x[:, None])


FACTORS = r"\prod_{d=1}^{D}(p_d^{(%s)})^{x_d^{(i)}}(1-p_d^{(%s)})^{1-x_d^{(i)}}"
row(
    "product of bernoullis",
    r"\prod_{d=1}^{D}t_d^{v_d}(1-t_d)^{1-v_d}",
    BMM,
    lambda e: bernoulli(*fl(e, "t", "v")),
)
row(
    "bernoulli mixture log-likelihood",
    r"\sum_{i=1}^{N}\log\sum_{k=1}^{K}\pi_k" + FACTORS.replace("^{(%s)}", "^{(k)}"),
    {
        **BMM,
        "p": Derived(lambda e: e.p_hat, "K", "D"),
    },
    lambda e: np.log(
        (e.floats("pi") * bernoulli(e.floats("p_hat"), e.floats("x")[:, None])).sum(1)
    ).sum(),
)
row(
    "bernoulli responsibility",
    r"\frac{\pi_k"
    + FACTORS % ("k", "k")
    + r"}{\sum_j\pi_j"
    + FACTORS % ("j", "j")
    + "}",
    BMM,
    lambda e: (lambda w: w[e.i - 1, e.k - 1] / w[e.i - 1].sum())(bmm_joint(e)),  # noqa: PLC3002
)
row(
    "expected log joint",
    r"\sum_{i=1}^{N}\sum_{k=1}^{K}\eta_k^{(i)}\left[\log\hat{\pi}_k+\sum_{d=1}^{D}"
    r"\left(x_d^{(i)}\log\hat{p}_d^{(k)}+(1-x_d^{(i)})\log(1-\hat{p}_d^{(k)})\right)"
    r"\right]",
    BMM,
    lambda e: (
        e.floats("eta")
        * np.log(
            e.floats("pi_hat") * bernoulli(e.floats("p_hat"), e.floats("x")[:, None])
        )
    ).sum(),
)
row(
    "bernoulli mean",
    r"\frac{\sum_{i=1}^{N}\eta_k^{(i)}\mathbf{x}^{(i)}}{c_k}",
    BMM,
    lambda e: np.average(e.floats("x"), axis=0, weights=e.floats("eta")[:, e.k - 1]),
)
row(
    "weight by counts",
    r"\frac{c_k}{\sum_{k'}c_{k'}}",
    BMM,
    lambda e: e.floats("eta")[:, e.k - 1].mean(),
)


def beta_map(e: Any) -> float:
    w, x = e.floats("eta")[:, e.k - 1], e.floats("x")[:, e.d - 1]
    law = stats.beta(1 + float(e.alpha), 1 + float(e.alpha))

    def loss(t: float) -> float:
        fit = (w * np.where(x > 0, math.log(t), math.log1p(-t))).sum()
        return -fit - float(law.logpdf(t))

    return optimize.minimize_scalar(
        loss, bounds=(1e-9, 1 - 1e-9), method="bounded", options={"xatol": 1e-12}
    ).x


row(
    "beta map",
    r"\frac{\sum_{i=1}^{N}\eta_{ik}x_{id}+\alpha}{c_k+2\alpha}",
    BMM,
    beta_map,
)
row(
    "dirichlet map",
    r"\frac{c_k+\alpha}{\sum_{k'}c_{k'}+\alpha K}",
    BMM,
    lambda e: (
        (e.floats("eta")[:, e.k - 1].sum() + float(e.alpha))
        / (e.N + e.K * float(e.alpha))
    ),
)
row(
    "cauchy",
    r"\frac{1}{\pi(1+y^2)}",
    {"y": Real()},
    lambda e: stats.cauchy.pdf(1 / float(e.y)) / float(e.y) ** 2,
)
row(
    "lognormal",
    r"\frac{1}{y\sigma\sqrt{2\pi}}\exp\left(-\frac{(\log y-\mu)^2}{2\sigma^2}\right)",
    {"y": Positive(), "sigma": Positive(), "mu": Real()},
    lambda e: stats.lognorm.pdf(
        float(e.y), float(e.sigma), scale=math.exp(float(e.mu))
    ),
)


def area(z: float) -> float:
    if z <= 0 or z >= math.sqrt(2):
        return float(z > 0)
    breaks = [math.sqrt(z * z - 1)] if z > 1 else None
    return integrate.quad(
        lambda t: min(math.sqrt(max(z * z - t * t, 0)), 1), 0, min(z, 1), points=breaks
    )[0]


row(
    "distance density",
    r"\begin{cases}\frac{\pi z}{2}&0\le z\le 1\\z\left(\frac{\pi}{2}-2\arccos"
    r"\frac{1}{z}\right)&1<z\le\sqrt{2}\\0&\text{otherwise}\end{cases}",
    {"z": Between(-2, 3)},
    lambda e: (area(float(e.z) + 1e-5) - area(float(e.z) - 1e-5)) / 2e-5,
)
row(
    "leaky flow",
    r"\prod_{i=1}^{n}10^{\mathbb{I}[z_i<0]}",
    {"n": Size(), "z": Real("n")},
    lambda e: 1 / np.linalg.det(np.diag(np.where(e.floats("z") < 0, 0.1, 1))),
)
RBM = {
    "D": D,
    "M": Size(2, 4),
    "i": Index("D"),
    "j": Index("M"),
    "W": Real("D", "M"),
    "h": Binary("M"),
    "v": Real("D"),
    "b": Real("D"),
    "sigma": Positive("D"),
    "alpha": Real("M"),
}


def energy(e: Any, h: Any = None, v: Any = None) -> float:
    w, b, s, a = fl(e, "W", "b", "sigma", "alpha")
    h = e.floats("h") if h is None else h
    v = e.floats("v") if v is None else v
    return -(v / s) @ w @ h + ((v - b) ** 2 / (2 * s**2)).sum() - a @ h


def hidden(e: Any) -> list[np.ndarray]:
    return [np.array(t, float) for t in itertools.product((0, 1), repeat=e.M)]


def on(e: Any) -> float:
    w = {tuple(h): math.exp(-energy(e, h)) for h in hidden(e)}
    return sum(v for h, v in w.items() if h[e.j - 1]) / sum(w.values())


def visible(e: Any) -> float:
    v, k = e.floats("v"), e.i - 1

    def weight(t: float) -> float:
        moved = v.copy()
        moved[k] = t
        return math.exp(energy(e) - energy(e, v=moved))

    w, b, s, h = fl(e, "W", "b", "sigma", "h")
    centre = b[k] + s[k] * w[k] @ h
    wide = 12 * s[k]
    return 1 / integrate.quad(weight, centre - wide, centre + wide, limit=400)[0]


row(
    "rbm energy",
    r"-\left(\sum_i\sum_jW_{ij}h_j\frac{v_i}{\sigma_i}-\sum_i\frac{(v_i-b_i)^2}"
    r"{2\sigma_i^2}+\sum_j\alpha_jh_j\right)",
    RBM,
    energy,
)
row(
    "rbm hidden unit",
    r"\operatorname{sigmoid}\left(\alpha_j+\sum_{i=1}^{D}W_{ij}\frac{v_i}{\sigma_i}"
    r"\right)",
    RBM,
    on,
)
row(
    "rbm visible unit",
    r"\frac{1}{\sqrt{2\pi}\sigma_i}\exp\left(-\frac{(v_i-b_i-\sigma_i\sum_{j=1}^{M}"
    r"W_{ij}h_j)^2}{2\sigma_i^2}\right)",
    RBM,
    visible,
)
row(
    "rbm free energy",
    r"\sum_{i=1}^{D}\frac{(v_i-b_i)^2}{2\sigma_i^2}-\sum_{j=1}^{M}\log\left(1+\exp"
    r"\left(\alpha_j+\sum_{i=1}^{D}\frac{W_{ij}v_i}{\sigma_i}\right)\right)",
    RBM,
    lambda e: -math.log(sum(math.exp(-energy(e, h)) for h in hidden(e))),
)
REGISTER = {
    "N": N,
    "i": Index("N"),
    "j": Index("N"),
    "p": Real("N", "2"),
    "q": Real("N", "2"),
    "T": Real("2"),
    "sigma": Positive(),
    "r": Simplex("N", "N"),
    "Pi": Simplex("N", "N"),
    "Z": OneHot("N", "N"),
}


def pairs(e: Any) -> np.ndarray:
    p, q, t = fl(e, "p", "q", "T")
    cov = float(e.sigma) ** 2 * np.eye(2)
    return np.array([[mvn(a + t, b, cov) for b in q] for a in p])


GAP = r"\frac{\|\mathbf{p}^{(i)}+\mathbf{T}-\mathbf{q}^{(%s)}\|_2^2}{2\sigma^2}"
row(
    "pair density",
    rf"\frac{{1}}{{2\pi\sigma^2}}\exp\left(-{GAP % 'j'}\right)",
    REGISTER,
    lambda e: pairs(e)[e.i - 1, e.j - 1],
)
row(
    "complete-data log-likelihood",
    r"\sum_{i=1}^{N}\sum_{j=1}^{N}Z_{ij}\left(\log\Pi_{ij}-\log(2\pi\sigma^2)-"
    + GAP % "j"
    + r"\right)",
    REGISTER,
    lambda e: (e.floats("Z") * np.log(e.floats("Pi") * pairs(e))).sum(),
)
row(
    "matching probability",
    rf"\frac{{\Pi_{{ij}}\exp\left(-{GAP % 'j'}\right)}}{{\sum_{{k=1}}^{{N}}\Pi_{{ik}}"
    rf"\exp\left(-{GAP % 'k'}\right)}}",
    REGISTER,
    lambda e: (lambda w: w[e.i - 1, e.j - 1] / w[e.i - 1].sum())(  # noqa: PLC3002
        e.floats("Pi") * pairs(e)
    ),
)


def translation(e: Any, r: np.ndarray) -> np.ndarray:
    p, q = fl(e, "p", "q")
    gaps = (q[None] - p[:, None]).reshape(-1, 2)
    w = np.sqrt(r.ravel())
    return np.array(
        [np.linalg.lstsq(w[:, None], w * gaps[:, d], rcond=None)[0][0] for d in (0, 1)]
    )


def halves(e: Any) -> np.ndarray:
    r = np.zeros((e.N, e.N))
    r[: e.N // 2, 0] = 1
    r[e.N // 2 :, 1] = 1
    return r


row(
    "translation",
    r"-\frac{1}{N}\sum_{i=1}^{N}\sum_{j=1}^{N}r_{ij}(\mathbf{p}^{(i)}-\mathbf{q}^{(j)})",
    REGISTER,
    lambda e: translation(e, e.floats("r")),
)
row(
    "translation, special case",
    r"-\frac{1}{N}\left(\sum_{i=1}^{N}\mathbf{p}^{(i)}-\sum_{i=1}^{\lfloor\frac{N}{2}"
    r"\rfloor}\mathbf{q}^{(1)}-\sum_{i=\lfloor\frac{N}{2}\rfloor+1}^{N}\mathbf{q}^{(2)}"
    r"\right)",
    REGISTER,
    lambda e: translation(e, halves(e)),
)


def logistic_kl(e: Any) -> float:
    t = float(e.floats("w") @ e.floats("x"))
    return -math.log((math.exp(-t) if e.y_gt else 1) / (1 + math.exp(-t)))


row(
    "logistic divergence",
    r"y_{gt}\mathbf{w}^{\top}\mathbf{x}+\log(1+\exp(-\mathbf{w}^{\top}\mathbf{x}))",
    {"D": D, "y_gt": Binary(), "w": Real("D"), "x": Real("D")},
    logistic_kl,
)
GAN = {
    "x": Outcome(3, 5),
    "p_data": Distribution("x"),
    "p_g": Distribution("x"),
}


def best_discriminator(e: Any) -> float:
    a, b = float(e.p_data[e.x - 1]), float(e.p_g[e.x - 1])
    return optimize.minimize_scalar(
        lambda t: -(a * math.log(t) + b * math.log(1 - t)),
        bounds=(1e-9, 1 - 1e-9),
        method="bounded",
        options={"xatol": 1e-12},
    ).x


def value_at_best(e: Any) -> float:
    a, b = fl(e, "p_data", "p_g")
    return float((a * np.log(a / (a + b))).sum() + (b * np.log(b / (a + b))).sum())


row(
    "best discriminator",
    r"\frac{p_{\mathrm{data}}(x)}{p_{\mathrm{data}}(x)+p_g(x)}",
    GAN,
    best_discriminator,
)


def adversarial(e: Any) -> float:
    x, z = fl(e, "x", "z")
    x, z = torch.tensor(x), torch.tensor(z) ** 3
    loss = torch.nn.functional.binary_cross_entropy_with_logits
    return -float(loss(x, torch.ones_like(x)) + loss(z, torch.zeros_like(z)))


row(
    "adversarial value",
    r"\frac{1}{N}\sum_{i=1}^{N}\log D(x_i)+\frac{1}{N}\sum_{j=1}^{N}\log(1-D(G(z_j)))",
    {
        "N": N,
        "x": Real("N"),
        "z": Real("N"),
        "D": LOGISTIC,
        "G": Function(lambda t: t**3),
    },
    adversarial,
)
row(
    "adversarial value at its best",
    r"-\log 4+2\,\mathrm{JSD}(p_{\mathrm{data}}\,\|\,p_g)",
    GAN,
    value_at_best,
)
row(
    "reparameterisation",
    r"\boldsymbol{\mu}+\boldsymbol{\sigma}\odot\boldsymbol{\epsilon}",
    {"D": D, "mu": Real("D"), "sigma": Positive("D"), "epsilon": Real("D")},
    lambda e: np.array(
        [m + s * t for m, s, t in zip(*fl(e, "mu", "sigma", "epsilon"))]  # noqa: B905
    ),
)
CUBE = Function(lambda t: t**3 / 2 + t)
row(
    "coupling layer inverted",
    r"\mathbf{y}_2-m(\mathbf{y}_1)",
    {
        "D": D,
        "x": Real("2", "D"),
        "m": CUBE,
        "y": Derived(
            lambda e: np.array(
                [e.x[0], [b + a**3 / 2 + a for a, b in zip(*e.x)]],  # noqa: B905
                object,
            ),
            "2",
            "D",
        ),
    },
    lambda e: e.floats("x")[1],
)
UNREAD = (
    r"p_Z\left(f^{-1}(\mathbf{x})\right)\left|\det\frac{\partial f^{-1}(\mathbf{x})}"
    r"{\partial\mathbf{x}}\right|"
)

__all__ = ["ROWS", "UNREAD", "Defined", "Values"]
