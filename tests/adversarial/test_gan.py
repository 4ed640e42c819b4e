"""The adversarial step against differences, the losses against probabilities."""

import copy

import numpy as np
import pytest
import torch
from torch import nn

from latent.adversarial import gan

losses_of_logits = pytest.mark.parametrize(
    ("loss", "of_probability"),
    [
        (gan.saturating_loss, lambda d: np.log(1 - d).mean()),
        (gan.non_saturating_loss, lambda d: -np.log(d).mean()),
        (
            lambda a: gan.value_function(a, 2 * a),
            lambda d: (
                np.log(d).mean()
                + np.log(1 - d**2 / (d**2 + (1 - d) ** 2)).mean()  # logit doubled
            ),
        ),
    ],
)


def numbers(module):
    return torch.cat([p.detach().flatten() for p in module.parameters()])


@pytest.fixture
def small():
    """A GAN without dropout on five pixels, and a batch of data."""
    torch.manual_seed(0)
    model = gan.mlp_gan(5, 3, 4, dropout=0.0)
    return model, torch.rand(8, 5)


def optimizers(model, rate=1e-3):
    parts = (model.generator, model.discriminator)
    return [torch.optim.SGD(part.parameters(), lr=rate) for part in parts]


@losses_of_logits
def test_losses_from_probabilities(loss, of_probability, rng):
    """Kills a sign, real for fake, and a sum for a mean."""
    logits = rng.normal(scale=3, size=(50, 1))
    found = loss(torch.tensor(logits)).item()
    np.testing.assert_allclose(found, of_probability(1 / (1 + np.exp(-logits))))


@pytest.mark.parametrize("logit", [-200.0, 200.0])
def test_a_certain_discriminator_gives_finite_losses(logit):
    """Kills log(sigmoid(a)): in single precision it is infinite from 104 on."""
    sure = torch.tensor([logit], requires_grad=True)
    for loss in (gan.saturating_loss, gan.non_saturating_loss):
        nats = loss(sure)
        assert min(abs(nats.item()), abs(abs(nats.item()) - 200)) < 1e-4
        (slope,) = torch.autograd.grad(nats, sure)
        assert slope.isfinite()
