"""The table of models that run on the EM driver: what its property tests need of each.

A new model joins the table by one entry.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy import ndarray
from scipy.special import logit

from latent.em import Fit
from latent.mixtures import bernoulli_mixture as bmm
from latent.mixtures import gaussian_mixture as gmm
from latent.mixtures import kmeans, registration
from latent.mixtures import semi_supervised_gda as ssgda

Rng = np.random.Generator
Bound = tuple[list[torch.Tensor], torch.Tensor]
Arrays = dict[str, ndarray]


@dataclass(frozen=True)
class Change:
    """A change of the data, and the way back for what was learnt from them."""

    data: Callable[[ndarray], ndarray]
    back: Callable[[Arrays], Arrays]


@dataclass(frozen=True)
class Model:
    """One row of the table.

    Attributes:
        fit: (x, k, rng, settings) to a `Fit`.
        init: (x, k, rng) to parameters.
        e_step: as `latent.em.em` takes it.
        m_step: as `latent.em.em` takes it.
        bound: (old parameters, new ones, x) to free coordinates of the new ones, and
            what the M-step maximises, written with torch's distributions.
        learnt: the parameters by name; those called "centres" are points of the data's
            space, those called "shapes" are in its unit squared.
        centred: whether a single component lies at the mean of the data.
        changes: changes of the data that must change the parameters alike, by name.
        binary: whether the data are zeros and ones.
        bounded: whether there can be no more components than observations.
    """

    fit: Callable[..., Fit]
    init: Callable[..., Any]
    e_step: Callable[..., tuple[Any, float]]
    m_step: Callable[..., Any]
    bound: Callable[[Any, Any, ndarray], Bound]
    learnt: Callable[[Any], Arrays]
    centred: bool = True
    changes: dict[str, Change] = field(default_factory=dict)
    binary: bool = False
    bounded: bool = True


def leaf(values: Any) -> torch.Tensor:
    """A coordinate with respect to which the bound is differentiated."""
    return torch.tensor(np.asarray(values, dtype=float), requires_grad=True)


def moved(scale: float, shift: float) -> Change:
    """Data in another unit, from another origin."""

    def back(found: Arrays) -> Arrays:
        found = {**found, "centres": (found["centres"] - shift) / scale}
        return found | {k: v / scale**2 for k, v in found.items() if k == "shapes"}

    return Change(lambda x: np.asfortranarray(scale * x + shift), back)


MOVES = {
    "shift by 1e8": moved(1.0, 1e8),
    "unit 1e-8": moved(1e-8, 0.0),
    "unit 1e6": moved(1e6, 0.0),
}


def kmeans_bound(old: kmeans.KMeans, new: kmeans.KMeans, x: ndarray) -> Bound:
    """Minus the distortion."""
    nearest, _ = kmeans.e_step(old, x)
    centers = leaf(new.centers)
    squared = (torch.tensor(x)[:, None] - centers).square().sum(dim=2)
    return [centers], -(torch.tensor(nearest) * squared).sum()


def gaussian_bound(
    old: gmm.GaussianMixture,
    new: gmm.GaussianMixture,
    x: ndarray,
    *,
    e_step: Callable[..., tuple[ndarray, float]] = gmm.e_step,
    counted: Callable[[int, int], Any] = lambda n, k: 1.0,
) -> Bound:
    """The expected log joint, each row times how much it counts."""
    r = e_step(old, x)[0] * counted(len(x), len(old.weights))
    logits, means, shapes = map(leaf, (np.log(new.weights), new.means, new.covariances))
    covariances = torch.diag_embed(shapes) if new.covariances.ndim == 2 else shapes
    normal = torch.distributions.MultivariateNormal(means, covariances)
    log_joint = logits.log_softmax(0) + normal.log_prob(torch.tensor(x)[:, None])
    return [logits, means, shapes], (torch.tensor(r) * log_joint).sum()


def gaussians(params: gmm.GaussianMixture) -> Arrays:
    """The parameters of a Gaussian mixture."""
    return {
        "weights": params.weights,
        "centres": params.means,
        "shapes": params.covariances,
    }


def gaussian(**settings: bool) -> Model:
    """A Gaussian mixture with full or diagonal covariances."""
    return Model(
        fit=partial(gmm.fit, **settings),
        init=partial(gmm.init, **settings),
        e_step=gmm.e_step,
        m_step=gmm.m_step,
        bound=gaussian_bound,
        learnt=gaussians,
        changes=MOVES,
    )


WEIGHT = 0.3  # of a row without a label


def tenth(n: int, k: int) -> ndarray:
    """A label for every tenth row, the classes in turn."""
    rows = np.arange(n)
    return np.where(rows % 10 == 0, rows // 10 % k, ssgda.UNKNOWN)


def weights(n: int, k: int) -> ndarray:
    """One for a row with a label, less for the others."""
    return np.where(tenth(n, k) == ssgda.UNKNOWN, WEIGHT, 1.0)[:, None]


def labelled(step: Callable[..., Any]) -> Callable[..., Any]:
    """A step of the model with missing labels, its labels bound."""
    return lambda params, x, *r: step(
        params, x, *r, labels=tenth(len(x), len(params.weights)), weight=WEIGHT
    )


def partly_labelled(**settings: bool) -> Model:
    """Discriminant analysis with missing labels."""
    e_step = labelled(ssgda.e_step)
    return Model(
        fit=lambda x, k, **more: ssgda.fit(
            x, tenth(len(x), k), k, weight=WEIGHT, **settings, **more
        ),
        init=lambda x, k, **more: ssgda.init(
            x, tenth(len(x), k), k, **settings, **more
        ),
        e_step=e_step,
        m_step=labelled(ssgda.m_step),
        bound=partial(gaussian_bound, e_step=e_step, counted=weights),
        learnt=gaussians,
        centred=False,  # a row with a label counts more than one without
        changes=MOVES,
    )


def bernoulli_bound(
    old: bmm.BernoulliMixture,
    new: bmm.BernoulliMixture,
    x: ndarray,
    *,
    alpha: float = 0.0,
    gamma: float = 0.0,
) -> Bound:
    """The expected log joint and the priors; a certain pixel has nothing to vary."""
    r, _ = bmm.e_step(old, x)
    p = new.probabilities
    inside = (p > 0) & (p < 1)
    shares, odds = leaf(np.log(new.weights)), leaf(logit(p[inside]))
    k, d = map(torch.tensor, np.nonzero(inside))
    log_weights = shares.log_softmax(0)
    pixels = torch.distributions.Bernoulli(logits=odds).log_prob(torch.tensor(x)[:, d])
    value = (torch.tensor(r)[:, k] * pixels).sum()
    value = value + ((torch.tensor(r).sum(dim=0) + gamma) * log_weights).sum()
    both = torch.nn.functional.logsigmoid(torch.stack([odds, -odds]))
    return [shares, odds], value + alpha * both.sum()


def bernoulli(**prior: float) -> Model:
    """A Bernoulli mixture, with or without priors."""
    return Model(
        fit=partial(bmm.fit, **prior),
        init=bmm.init,
        e_step=partial(bmm.e_step, **prior),
        m_step=partial(bmm.m_step, **prior),
        bound=partial(bernoulli_bound, **prior),
        learnt=lambda p: {"weights": p.weights, "centres": p.probabilities},
        centred=not prior,  # a prior pulls towards one half
        changes={
            "ones for zeros": Change(
                lambda x: np.asfortranarray(1 - x),
                lambda found: {**found, "centres": 1 - found["centres"]},
            ),
            "pixels in another order": Change(
                lambda x: np.asfortranarray(x[:, ::-1]),
                lambda found: {**found, "centres": found["centres"][:, ::-1]},
            ),
        },
        binary=True,
    )


def some(x: ndarray, k: int, rng: Rng) -> ndarray:
    """Observations that serve as the reference points of a registration."""
    return x[rng.choice(len(x), k, replace=False)]


def registration_bound(
    old: registration.Registration, new: registration.Registration, x: ndarray
) -> Bound:
    """The expected log joint, in translation, angle, log scale and log variance."""
    r = torch.tensor(registration.responsibilities(old, x))
    translation, angle = leaf(new.translation), leaf(0.0)
    log_scale, log_variance = leaf(np.log(new.scale)), leaf(np.log(new.variance))
    cos, sin = angle.cos(), angle.sin()
    turn = torch.stack([torch.stack([cos, -sin]), torch.stack([sin, cos])])
    turned = torch.tensor(new.reference) @ (turn @ torch.tensor(new.rotation)).T
    centres = log_scale.exp() * turned - translation
    normal = torch.distributions.Normal(centres, (log_variance / 2).exp())
    log_density = normal.log_prob(torch.tensor(x)[:, None]).sum(dim=2)
    return [translation, angle, log_scale, log_variance], (r * log_density).sum()


registered = Model(
    fit=lambda x, k, *, rng, **settings: registration.fit(
        x, some(x, k, rng), **settings
    ),
    init=lambda x, k, *, rng: registration.init(x, some(x, k, rng)),
    e_step=registration.e_step,
    m_step=registration.m_step,
    bound=registration_bound,
    learnt=lambda p: {
        "centres": registration.centres(p),
        "shapes": np.array(p.variance),
        "rotation": p.rotation,
    },
    changes=MOVES,
    bounded=False,  # reference points may outnumber the observations
)

MODELS = {
    "kmeans": Model(
        fit=kmeans.fit,
        init=kmeans.init,
        e_step=kmeans.e_step,
        m_step=kmeans.m_step,
        bound=kmeans_bound,
        learnt=lambda p: {"centres": p.centers},
        changes=MOVES,
    ),
    "gmm-full": gaussian(),
    "gmm-diagonal": gaussian(diagonal=True),
    "bmm": bernoulli(),
    "bmm-map": bernoulli(alpha=0.7, gamma=1.5),
    "ssgda-full": partly_labelled(),
    "ssgda-diagonal": partly_labelled(diagonal=True),
    "registration": registered,
}
