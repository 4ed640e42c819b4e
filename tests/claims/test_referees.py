"""Each referee passes what is right, refuses what is not, and can prove it."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mpmath import mp

from claims import (
    ClaimError,
    bounded_by,
    cited,
    claim,
    definition,
    density_of,
    equal,
    general,
    gradient_of,
    limit_of,
    maximises,
    minimises,
    symbolic,
)
from claims.book import open_book
from claims.domains import (
    Defined,
    DefinedValues,
    Derived,
    Distribution,
    Index,
    Invertible,
    Joint,
    Label,
    Negative,
    Observed,
    OneHot,
    Opaque,
    Orthonormal,
    Outcome,
    Parameter,
    Positive,
    Real,
    Simplex,
    Size,
    Unit,
)
from claims.problem import Problem
from tests.claims.pages import BERNOULLI, BMM, ELBO, GAN, GMM, JOINT, MEAN, NORMAL, book

OPTIMA = [
    (JOINT, MEAN, r"\mu_k", "global optimum proved for all N, K, D"),
    (
        JOINT,
        r"\hat\pi_k = \frac{1}{N}\sum_{n=1}^{N} r_{nk}",
        r"\pi_k",
        "global optimum proved for all N, K, D",
    ),
    (
        JOINT,
        r"\hat\Sigma_k = \frac{\sum_{n=1}^{N} r_{nk}(\mathbf{x}_n-\mu_k)"
        r"(\mathbf{x}_n-\mu_k)^\top}{\sum_{n=1}^{N} r_{nk}}",
        r"\Sigma_k",
        "stationary point proved for all N, K, D",
    ),
]


@pytest.mark.parametrize(("objective", "update", "over", "words"), OPTIMA)
def test_m_steps_are_proved_from_the_page(
    tmp_path: Path, objective: str, update: str, over: str, words: str
) -> None:
    pages = book(tmp_path, mix_joint=objective, mix_step=update)
    verdict = claim(
        "mix-step",
        maximises("mix-joint", over=over),
        given=GMM,
        proof=general,
        book=pages,
    )
    assert verdict.status == "proved in general"
    assert words in verdict.sentence
    assert verdict.record["rests_on"] == ["mix-joint"]


def test_kmeans_centroid_is_a_global_minimum_for_vectors(tmp_path: Path) -> None:
    distortion = r"J = \sum_{n=1}^{N}\sum_{k=1}^{K} r_{nk}\lVert x_n-\mu_k\rVert^2"
    pages = book(tmp_path, km_distortion=distortion, km_mean=MEAN)
    verdict = claim(
        "km-mean",
        minimises("km-distortion", over=r"\mu_k"),
        given={**GMM, "r": OneHot("N", "K"), "N": Size(5, 7)},
        proof=general,
        book=pages,
    )
    assert verdict.sentence.startswith("global optimum proved for all N, K, D")


def test_symbolic_proof_of_an_optimum_at_stated_sizes(tmp_path: Path) -> None:
    distortion = r"J = \sum_{n=1}^{N}\sum_{k=1}^{K} r_{nk}\lVert x_n-\mu_k\rVert^2"
    pages = book(tmp_path, km_distortion=distortion, km_mean=MEAN)
    referee = minimises("km-distortion", over=r"\mu_k")
    proof = symbolic(N=3, K=2, D=2)
    verdict = claim("km-mean", referee, given=GMM, proof=proof, book=pages)
    assert verdict.status == "exact at stated sizes"


def test_discriminator_over_the_values_of_a_function(tmp_path: Path) -> None:
    value = r"V = \sum_x\big(p_{\text{data}}(x)\log D(x)+p_g(x)\log(1-D(x))\big)"
    best = r"D^\star(x) = \frac{p_{\text{data}}(x)}{p_{\text{data}}(x)+p_g(x)}"
    at_best = (
        r"\sum_x\big(p_{\text{data}}(x)\log D^\star(x)+p_g(x)\log(1-D^\star(x))\big)"
        r"= -\log 4+2\,\mathrm{JSD}(p_{\text{data}}\,\|\,p_g)"
    )
    pages = book(tmp_path, gan_value=value, gan_best=best, gan_jsd=at_best)
    letters = {**GAN, "D_star": DefinedValues("gan-best", "x")}
    verdict = claim(
        "gan-best",
        maximises("gan-value", "D(x)"),
        given=letters,
        proof=general,
        book=pages,
    )
    assert "global optimum" in verdict.sentence
    verdict = claim("gan-jsd", equal(), given=letters, proof=general, book=pages)
    assert verdict.record["rests_on"] == ["gan-best"]


def test_gradient_of_the_log_likelihood_through_defined_letters(tmp_path: Path) -> None:
    mixture = rf"\sum_{{j=1}}^{{K}}\pi_j\,{NORMAL}".replace("_k", "_j")
    pages = book(
        tmp_path,
        mix_likelihood=rf"\ell = \sum_{{n=1}}^{{N}}\log{mixture}",
        mix_posterior=rf"\gamma_{{nk}} = \frac{{\pi_k\,{NORMAL}}}{{{mixture}}}",
        mix_slope=r"\frac{\partial\ell}{\partial\mu_k} = "
        r"\sum_{n=1}^{N}\gamma_{nk}\Sigma_k^{-1}(x_n-\mu_k)",
    )
    letters = {**GMM, "gamma": Defined("mix-posterior", "N", "K")}
    referee = gradient_of("mix-likelihood", wrt=r"\mu_k")
    verdict = claim("mix-slope", referee, given=letters, proof=general, book=pages)
    assert verdict.record["rests_on"] == ["mix-likelihood", "mix-posterior"]
    assert verdict.record["counts"]["justified"] == 1


def test_gradient_of_a_determinant(tmp_path: Path) -> None:
    pages = book(
        tmp_path,
        ica_volume=r"f = \log\lvert\det W\rvert",
        ica_slope=r"\nabla_W f = W^{-\top}",
    )
    letters = {"m": Size(2, 3), "W": Invertible("m", "m")}
    verdict = claim(
        "ica-slope", gradient_of("ica-volume", "W"), given=letters, book=pages
    )
    assert verdict.record["counts"]["altered"] >= 3
    proof = symbolic(m=2)
    verdict = claim(
        "ica-slope",
        gradient_of("ica-volume", "W"),
        given=letters,
        proof=proof,
        book=pages,
    )
    assert verdict.status == "exact at stated sizes"


POSTERIOR = r"D_{\mathrm{KL}}(q(z)\,\|\,p(z\mid x))"


def tight(e: Any) -> dict[str, Any]:
    row = e.p[e.x - 1]
    return {"q": row / sum(row)}


def test_identity_and_bound_of_the_elbo(tmp_path: Path) -> None:
    pages = book(
        tmp_path,
        elbo_gap=rf"\Delta = {POSTERIOR}",
        elbo_identity=r"\log p(x) = \mathbb{E}_{q(z)}\left["
        r"\log\frac{p(x,z)}{q(z)}\right]"
        rf"+{POSTERIOR}",
        elbo_bound=r"\log p(x) \ge \sum_z q(z)\log\frac{p(x,z)}{q(z)}",
    )
    assert claim("elbo-identity", equal(), given=ELBO, proof=general, book=pages)
    proof = symbolic(x=2, z=3)
    assert claim("elbo-identity", equal(), given=ELBO, proof=proof, book=pages)
    referee = bounded_by(tight_at=tight, gap="elbo-gap")
    verdict = claim("elbo-bound", referee, given=ELBO, proof=general, book=pages)
    assert verdict.status == "proved in general"
    assert "equality where it is said" in verdict.how


def add_the_table(e: Any) -> Any:
    """Add the probabilities of each observation over the hidden values."""
    return sum(mp.log(sum(e.reals("p")[int(x) - 1])) for x in e.x)


def test_observed_data_parameters_and_entropy(tmp_path: Path) -> None:
    letters = {
        "N": Size(),
        "n": Index("N"),
        "x": Observed("N"),
        "z": Outcome(),
        "p": Joint("x", "z"),
        "q": Distribution("z"),
        "theta": Parameter(),
    }
    evidence = r"\sum_{n=1}^{N}\log p(x_n;\theta)"
    pages = book(
        tmp_path,
        em_evidence=rf"\ell(\theta) = {evidence}",
        em_bound=evidence
        + r" = \sum_{n=1}^{N}\left(\mathbb{E}_{q(z)}[\log p(x_n,z;\theta)]"
        r"+\mathbb{H}[q(z)]+\mathrm{KL}(q(z)\,\|\,p(z\mid x_n;\theta))\right)",
    )
    referee = equal(add_the_table)
    assert claim("em-evidence", referee, given=letters, book=pages)
    assert claim("em-bound", equal(), given=letters, book=pages)


def test_a_bound_without_tightness_does_not_pass(tmp_path: Path) -> None:
    bound = r"\log p(x) \ge \sum_z q(z)\log\frac{p(x,z)}{q(z)}"
    pages = book(tmp_path, elbo_bound=bound)
    with pytest.raises(ClaimError, match="survive without a reason"):
        claim("elbo-bound", bounded_by(), given=ELBO, book=pages)


def test_density_by_mass_and_slope(tmp_path: Path) -> None:
    density = (
        r"p(y) = \frac{1}{y\sigma\sqrt{2\pi}}"
        r"\exp\left(-\frac{(\log y-\mu)^2}{2\sigma^2}\right)"
    )
    pages = book(tmp_path, log_normal=density)
    letters = {"y": Positive(), "mu": Real(), "sigma": Positive()}

    def below(e: Any, y: Any) -> Any:
        return mp.ncdf((mp.log(y) - e.reals("mu")) / e.reals("sigma"))

    verdict = claim("log-normal", density_of("y", cdf=below), given=letters, book=pages)
    assert verdict.status == "numerical"
    support = density_of("v", support=lambda e: [-mp.inf, 0, mp.inf], cdf=cauchy)
    pages = book(tmp_path, cauchy_density=r"p(v) = \frac{1}{\pi(1+v^2)}")
    assert claim("cauchy-density", support, given={"v": Real()}, book=pages)


def cauchy(e: Any, y: Any) -> Any:
    return mp.mpf(1) / 2 + mp.atan(y) / mp.pi


def test_limit_of_another_display(tmp_path: Path) -> None:
    pages = book(
        tmp_path,
        ridge_mean=r"m = \frac{a b}{a^2+s^2}",
        ridge_limit=r"\lim_{s\to 0} m = \frac{b}{a}",
    )
    letters = {"a": Positive(), "b": Real(), "s": Positive()}
    verdict = claim(
        "ridge-limit", limit_of("ridge-mean", "s"), given=letters, book=pages
    )
    assert verdict.status == "numerical"


def test_a_limit_is_no_row_where_it_is_a_column(tmp_path: Path) -> None:
    mean = r"%s = \frac{\sum_{n=1}^{N} x_n%s}{N%s}"
    pages = book(
        tmp_path,
        mean_shrunk=mean % ("m", "", "+s"),
        mean_column=mean % ("v", "", ""),
        mean_row=mean % ("v", r"^\top", ""),
    )
    letters = {"N": Size(), "D": Size(), "n": Index("N"), "x": Real("N", "D")}
    letters["s"] = Positive()
    assert claim("mean-column", limit_of("mean-shrunk", "s"), given=letters, book=pages)
    with pytest.raises(ClaimError, match="disagrees"):
        claim("mean-row", limit_of("mean-shrunk", "s"), given=letters, book=pages)


def enumerate_posterior(e: Any) -> Any:
    """Enumerate the joint table of class and image."""
    weights = []
    for k in range(e.K):
        w = e.pi[k]
        for d in range(e.D):
            w = w * (e.p[k, d] if e.x[e.n - 1, d] else 1 - e.p[k, d])
        weights.append(w)
    return weights[e.k - 1] / sum(weights)


FACTORS = r"\prod_{d=1}^{D}p_{%s d}^{x_{nd}}(1-p_{%s d})^{1-x_{nd}}"
RESPONSIBILITY = (
    r"r_{nk} = \frac{\pi_k"
    + FACTORS % ("k", "k")
    + r"}{\sum_{j=1}^{K}\pi_j"
    + FACTORS % ("j", "j")
    + "}"
)


def test_equality_with_an_enumeration_is_exact(tmp_path: Path) -> None:
    pages = book(tmp_path, bmm_posterior=RESPONSIBILITY)
    verdict = claim("bmm-posterior", equal(enumerate_posterior), given=BMM, book=pages)
    assert verdict.status == "verified at random exact instances"
    assert "Enumerate the joint table" in verdict.how


def test_chains_are_checked_at_every_sign(tmp_path: Path) -> None:
    chain = r"s = \sum_{n=1}^{N}(x_n-m)^2 = \sum_{n=1}^{N}x_n^2-%sN m^2"
    mean = Derived(lambda e: sum(e.x) / e.N)
    letters = {"N": Size(), "x": Real("N"), "m": mean}

    def spread(e: Any) -> Any:
        return sum((v - sum(e.x) / e.N) ** 2 for v in e.x)

    same = {
        "order: x[n] - m -> m - x[n]": "a square has no sign",
    }
    pages = book(tmp_path, sum_squares=chain % "")
    assert claim("sum-squares", equal(spread), given=letters, book=pages)
    pages = book(tmp_path, sum_squares=chain % "2")
    with pytest.raises(ClaimError, match="disagrees"):
        claim("sum-squares", equal(spread), given=letters, book=pages)
    pages = book(tmp_path, sum_squares=chain % "")
    with pytest.raises(ClaimError, match="reasons are given"):
        claim("sum-squares", equal(spread), given=letters, equivalents=same, book=pages)


def test_quoted_results_are_tried_too(tmp_path: Path) -> None:
    pages = book(tmp_path, bmm_posterior=RESPONSIBILITY)
    referee = equal(enumerate_posterior)
    verdict = cited("bmm-posterior", "some2006", referee, given=BMM, book=pages)
    assert verdict.status == "cited"
    assert verdict.sentence.startswith("quoted from some2006")


def test_definitions_are_read_and_counted_apart(tmp_path: Path) -> None:
    pages = book(
        tmp_path,
        gmm_density=r"p(x) = \sum_{k=1}^K \pi_k \mathcal{N}(x; \mu_k, \Sigma_k)",
    )
    verdict = definition("gmm-density", book=pages)
    assert verdict.status == "definition"
    assert verdict.record["counts"]["altered"] == 0


def test_semi_supervised_share_needs_labels_in_two_classes(tmp_path: Path) -> None:
    pages = book(
        tmp_path,
        ss_objective=r"Q = \sum_{i=1}^{l}\sum_{j\in\{0,1\}}\mathbb{I}[y_i=j]\log\phi_j"
        r"+\lambda\sum_{i=l+1}^{l+u}\sum_{j\in\{0,1\}}r_{ij}\log\phi_j",
        ss_share=r"\hat\phi_j = \frac{\sum_{i=1}^{l}\mathbb{I}[y_i=j]+\lambda"
        r"\sum_{i=l+1}^{l+u}r_{ij}}{l+\lambda u}",
    )
    letters = {
        "l": Size(3, 5),
        "u": Size(3, 6),
        "T": Derived(lambda e: e.l + e.u),
        "j": Index("2", start=0),
        "y": Label("T", classes=2, start=0),
        "r": Simplex("T", "0:2"),
        "phi": Simplex("0:2"),
        "lambda": Positive(),
    }
    referee = maximises("ss-objective", over=r"\phi_j")
    verdict = claim(
        "ss-share",
        referee,
        given=letters,
        premises={"each r_i sums to one": {"r": Unit("T", "0:2")}},
        book=pages,
    )
    assert verdict.record["premises"] == ["each r_i sums to one"]


def test_premise_of_a_positive_weight(tmp_path: Path) -> None:
    pages = book(
        tmp_path,
        ss_bound=r"\lambda\log p(x) \ge \lambda\sum_z q(z)\log\frac{p(x,z)}{q(z)}",
    )
    letters = {**ELBO, "lambda": Positive()}
    verdict = claim(
        "ss-bound",
        bounded_by(tight_at=tight),
        given=letters,
        premises={"the weight is positive": {"lambda": Negative()}},
        book=pages,
    )
    assert verdict.record["premises"] == ["the weight is positive"]


def test_orthonormal_projection(tmp_path: Path) -> None:
    pages = book(
        tmp_path,
        pca_residual=r"\lVert x-UU^\top x\rVert^2 = \lVert x\rVert^2-"
        r"\lVert U^\top x\rVert^2",
    )
    letters = {
        "D": Size(4),
        "K": Size(below="D"),
        "U": Orthonormal("D", "K"),
        "x": Real("D"),
    }
    verdict = claim(
        "pca-residual",
        equal(),
        given=letters,
        premises={"the columns are orthonormal": {"U": Real("D", "K")}},
        book=pages,
    )
    assert verdict.status == "verified at random exact instances"


def test_orthonormal_columns_serve_a_general_proof(tmp_path: Path) -> None:
    pages = book(
        tmp_path,
        pca_scatter=r"S = \frac1N\sum_{n=1}^N x_nx_n^\top",
        pca_trace=r"\frac1N\sum_{n=1}^N\lVert x_n-UU^\top x_n\rVert^2"
        r"= \operatorname{tr}(S)-\operatorname{tr}(U^\top S U)",
    )
    letters = {
        "N": Size(),
        "D": Size(4),
        "K": Size(below="D"),
        "U": Orthonormal("D", "K"),
        "x": Real("N", "D"),
        "S": Defined("pca-scatter", "D", "D"),
    }
    verdict = claim("pca-trace", equal(), given=letters, proof=general, book=pages)
    assert verdict.sentence.startswith("proved for all N, D, K")


def test_only_a_square_orthonormal_matrix_has_orthonormal_rows(tmp_path: Path) -> None:
    """Kills a premise that makes the projection U U^T an identity where K < D."""
    pages = book(tmp_path, pca_length=r"\lVert U^\top x\rVert^2 = x^\top x")
    shelf = open_book(pages)

    def proved(**letters: Any) -> bool | str:
        equation = shelf.equation("pca-length", letters)
        problem = Problem("pca-length", equation, letters, shelf)
        return general.prove(problem, equal(), 1, problem.sides[1])

    square = {"D": Size(4), "U": Orthonormal("D", "D"), "x": Real("D")}
    assert proved(**square)
    assert not proved(**square | {"K": Size(below="D"), "U": Orthonormal("D", "K")})


def test_covariance_update_at_the_new_mean(tmp_path: Path) -> None:
    weight = r"\sum_{n=1}^{N} r_{nk}"
    pages = book(
        tmp_path,
        mix_joint=JOINT,
        mix_mean=MEAN,
        mix_cov=rf"\hat\Sigma_k = \frac{{\sum_{{n=1}}^{{N}} r_{{nk}}(x_n-\hat\mu_k)"
        rf"(x_n-\hat\mu_k)^\top}}{{{weight}}} = \frac{{\sum_{{n=1}}^{{N}}"
        rf"r_{{nk}}x_nx_n^\top}}{{{weight}}}-\hat\mu_k\hat\mu_k^\top",
    )
    mean = Defined("mix-mean", "K", "D")
    letters = {**GMM, "mu": mean, "mu_hat": mean}
    referee = maximises("mix-joint", over=r"\Sigma_k")
    verdict = claim("mix-cov", referee, given=letters, proof=general, book=pages)
    assert verdict.record["rests_on"] == ["mix-joint", "mix-mean"]


def test_unknown_functions_stay_unknown(tmp_path: Path) -> None:
    pages = book(tmp_path, shift_rule=r"y-m(u) = x")
    letters = {"x": Real(), "u": Real(), "m": Opaque(), "y": Derived(shifted)}
    assert claim("shift-rule", equal(), given=letters, book=pages)


def shifted(e: Any) -> Any:
    return e.x + sum(c * e.u**k for k, c in enumerate(np.asarray(e.m)[0]))


def test_bernoulli_mean_and_its_prior(tmp_path: Path) -> None:
    step = r"\hat p_{kd} = \frac{\sum_{n=1}^{N}r_{nk}x_{nd}}{\sum_{n=1}^{N}r_{nk}}"
    pages = book(tmp_path, bmm_joint=BERNOULLI, bmm_step=step)
    referee = maximises("bmm-joint", over="p_{kd}")
    verdict = claim(
        "bmm-step",
        referee,
        given=BMM,
        proof=general,
        book=pages,
        thorough=True,
    )
    assert "(1 more means the same)" in verdict.sentence
