"""The counts, criteria and M-steps printed in the chapter are what the library does.

The machinery, and what its letters mean, is that of the equations of Gaussian mixtures.
"""

import numpy as np
import pytest

from latent.em import Fit
from latent.mixtures import gaussian_mixture as gmm
from latent.mixtures import model_selection as ms
from tests.mixtures.test_gaussian_mixture_equations import CLOSE, SEEDS, Printed
from tests.mixtures.test_model_selection import Counting


@pytest.fixture(params=SEEDS)
def printed(request: pytest.FixtureRequest) -> Printed:
    return Printed(request.param)


@pytest.fixture
def diagonal(printed: Printed) -> gmm.GaussianMixture:
    p = printed.params
    return gmm.GaussianMixture(p.weights, p.means, printed.e.floats("s"))


def test_product_of_features(printed: Printed, diagonal: gmm.GaussianMixture) -> None:
    """Either printed side is the density in `log_joint`."""
    found = np.exp(gmm.log_joint(diagonal, printed.x)) / diagonal.weights
    for side in (0, 1):
        wanted = printed.value("selection-product", side, "nk").reshape(found.shape)
        np.testing.assert_allclose(found, wanted, rtol=1e-10)


def test_expected_log_joint_by_features(
    printed: Printed, diagonal: gmm.GaussianMixture
) -> None:
    found = (printed.r * gmm.log_joint(diagonal, printed.x)).sum()
    for side in (0, 1):
        wanted = printed.value("selection-separation", side, "")[0]
        np.testing.assert_allclose(found, wanted, **CLOSE)
    weights = (printed.r * np.log(diagonal.weights)).sum()
    for side in (1, 2):
        part = printed.value("selection-feature-part", side, "")[0]
        np.testing.assert_allclose(found - weights, part, **CLOSE)


def test_both_forms_of_the_variances(
    printed: Printed, diagonal: gmm.GaussianMixture
) -> None:
    found = gmm.m_step(diagonal, printed.x, printed.r).covariances
    for side in (1, 2):
        wanted = printed.value("selection-m-step-variances", side, "kd")
        np.testing.assert_allclose(found, wanted.reshape(found.shape), **CLOSE)


def test_criteria(printed: Printed, diagonal: gmm.GaussianMixture) -> None:
    """The fit is made of its parts, so that no number of it is what EM would give."""
    fit = Fit(diagonal, printed.r, np.array([-3.0, -1.7]), converged=True)
    letters = {
        "ell_hat": ms.log_likelihood(fit),
        "P": printed.value("gmm-parameters-diagonal")[0],
    }
    assert ms.n_parameters(diagonal) == letters["P"]
    for label, criterion in (("selection-aic", ms.aic), ("selection-bic", ms.bic)):
        wanted = printed.value(label, **letters)[0]
        np.testing.assert_allclose(criterion(fit), wanted, **CLOSE)
    full = printed.params
    assert ms.n_parameters(full) == printed.value("gmm-parameters-full")[0]


def test_time_and_memory(printed: Printed, diagonal: gmm.GaussianMixture) -> None:
    """Counted on arrays that count, and by the sizes of what the steps return."""
    r, _ = gmm.e_step(diagonal, printed.x)
    kept = r.size + sum(part.size for part in vars(diagonal).values())
    assert kept == printed.value("selection-memory")[0]
    for params, label in (
        (diagonal, "selection-multiplications"),
        (printed.params, "selection-multiplications-full"),
    ):
        arrays = (part.view(Counting) for part in vars(params).values())
        watched = gmm.GaussianMixture(*arrays)
        Counting.made = 0
        gmm.e_step(watched, printed.x)
        gmm.m_step(params, printed.x, r.view(Counting))
        assert Counting.made == printed.value(label, over="")[0]
