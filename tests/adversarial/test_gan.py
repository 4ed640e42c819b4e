"""The losses against probabilities, the step against autograd's functional form."""

import copy

import numpy as np
import pytest
import torch
from torch import nn
from torch.func import functional_call, grad
from torch.nn import functional as F

from latent.adversarial import gan
from latent.foundations import divergences as div
from latent.train import train


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


@pytest.fixture
def small():
    """Two linear networks on five pixels, in double precision, and a batch of data."""
    torch.manual_seed(0)
    model = gan.GAN(
        nn.Sequential(nn.Linear(3, 5), nn.Sigmoid()),
        nn.Sequential(nn.Linear(5, 4), nn.Tanh(), nn.Linear(4, 1)),
        latent_shape=(3,),
    ).double()
    torch.set_default_dtype(torch.float64)  # of the noise
    yield model, torch.rand(8, 5)
    torch.set_default_dtype(torch.float32)


def optimizers(model, rate):
    parts = (model.generator, model.discriminator)
    return [torch.optim.SGD(part.parameters(), lr=rate) for part in parts]


def weights(module):
    return {name: p.detach().clone() for name, p in module.named_parameters()}


# The losses.


@pytest.mark.parametrize(
    ("loss", "of_probability"),
    [
        (gan.saturating_loss, lambda d: np.log(1 - d)),
        (gan.non_saturating_loss, lambda d: -np.log(d)),
        (lambda b: gan.value_function(b[:1], b), lambda d: np.log(d[0] * (1 - d))),
    ],
    ids=["saturating", "non-saturating", "value"],
)
def test_losses_from_probabilities(loss, of_probability, rng):
    """Kills a sign, real for fake, a sum for a mean, and one mean over both."""
    logits = rng.normal(scale=3, size=(50, 1))
    found = loss(torch.tensor(logits)).item()
    np.testing.assert_allclose(found, of_probability(sigmoid(logits)).mean())


@pytest.mark.parametrize("logit", [-200.0, 200.0])
def test_a_certain_discriminator_gives_finite_losses_and_slopes(logit):
    """Kills log(sigmoid(a)): in single precision it is infinite before 200."""
    sure = torch.tensor([logit], requires_grad=True)
    found = []
    for loss in (gan.saturating_loss, gan.non_saturating_loss):
        nats = loss(sure)
        found += [nats.item(), torch.autograd.grad(nats, sure)[0].item()]
    wanted = [-200, -1, 0, 0] if logit > 0 else [0, 0, 200, -1]
    np.testing.assert_allclose(found, wanted, atol=1e-6)


def test_value_function_is_minus_two_binary_cross_entropies(rng):
    """PyTorch's own loss is the independent peer."""
    real, fake = torch.tensor(rng.normal(size=(2, 30, 1)))
    peer = F.binary_cross_entropy_with_logits
    wanted = -peer(real, torch.ones(30, 1).double())
    wanted -= peer(fake, torch.zeros(30, 1).double())
    torch.testing.assert_close(gan.value_function(real, fake), wanted)


def test_the_best_discriminator_and_what_it_is_worth():
    """A free logit for each of four outcomes: kills a wrong sign, log 2 for log 4."""
    often = {"p": [1, 2, 3, 4], "q": [5, 1, 2, 2]}
    p, q = (np.array(n) / sum(n) for n in often.values())
    real, fake = (torch.repeat_interleave(torch.tensor(n)) for n in often.values())
    logits = torch.zeros(4, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS(
        [logits], max_iter=100, tolerance_grad=1e-10, tolerance_change=0
    )

    def closure():
        optimizer.zero_grad()
        loss = -gan.value_function(logits[real], logits[fake])
        loss.backward()
        return loss

    optimizer.step(closure)
    best = logits.detach().numpy()
    np.testing.assert_allclose(best, np.log(p / q), atol=1e-6)
    reached = gan.value_function(logits[real], logits[fake]).item()
    np.testing.assert_allclose(reached, -np.log(4) + 2 * div.js(p, q))


# The step.


def independent_step(model, x, noise, rate, loss):
    """Both updates from functional gradients: nothing to detach, nothing to clear."""
    g, d = weights(model.generator), weights(model.discriminator)

    def judged(d, inputs):
        return functional_call(model.discriminator, d, (inputs,))

    def made(g):
        return functional_call(model.generator, g, (noise,))

    def minus_value(d):
        return -gan.value_function(judged(d, x), judged(d, made(g)))

    d_slope = grad(minus_value)(d)
    d = {name: d[name] - rate * d_slope[name] for name in d}
    g_slope = grad(lambda g: loss(judged(d, made(g))))(g)
    return {name: g[name] - rate * g_slope[name] for name in g}, d


@pytest.mark.parametrize("loss", [gan.saturating_loss, gan.non_saturating_loss])
def test_step_against_functional_gradients(small, loss):
    """Kills gradients that are not cleared, either order reversed, D's step in G."""
    model, x = small
    step = gan.adversarial_step(model, *optimizers(model, 0.5), generator_loss=loss)
    for _ in range(3):
        state = torch.random.get_rng_state()
        noise = torch.randn(len(x), 3)
        g, d = independent_step(model, x, noise, 0.5, loss)
        torch.random.set_rng_state(state)
        step(x)
        torch.testing.assert_close(weights(model.generator), g)
        torch.testing.assert_close(weights(model.discriminator), d)


def test_the_discriminators_loss_leaves_the_generator_alone(small):
    """Kills a missing detach, which one optimizer's zero_grad would hide."""
    model, x = small
    seen = []

    class Watching(torch.optim.SGD):
        def step(self, closure=None):
            seen.append([p.grad for p in model.generator.parameters()])
            return super().step(closure)

    g, d = (model.generator.parameters(), model.discriminator.parameters())
    gan.adversarial_step(model, torch.optim.SGD(g, lr=0.1), Watching(d, lr=0.1))(x)
    assert seen == [[None, None]]


def test_reported_terms_are_those_of_the_step(small):
    """Kills V for -V, and D's loss after its step for that before."""
    model, x = small
    before = copy.deepcopy(model)
    terms = gan.adversarial_step(model, *optimizers(model, 0.0))(x.clone())
    assert list(terms) == ["discriminator", "generator"]
    torch.manual_seed(5)
    wanted = gan.losses(before, x)
    torch.manual_seed(5)
    found = gan.adversarial_step(before, *optimizers(before, 0.0))(x)
    torch.testing.assert_close(found, wanted)
    torch.manual_seed(5)
    fake = before.sample(len(x))
    real, generated = (
        sigmoid(before.discriminator(part).detach().numpy()) for part in (x, fake)
    )
    nats = -np.log(real).mean() - np.log(1 - generated).mean()
    np.testing.assert_allclose(wanted["discriminator"].item(), nats)
    np.testing.assert_allclose(wanted["generator"].item(), -np.log(generated).mean())


def test_a_shifted_normal_is_found():
    """The generator z + t learns the mean 2: kills a generator that climbs its loss."""
    torch.manual_seed(0)

    class Shift(nn.Module):
        def __init__(self):
            super().__init__()
            self.t = nn.Parameter(torch.zeros(1))

        def forward(self, z):
            return z + self.t

    model = gan.GAN(
        Shift(), nn.Linear(1, 1), latent_shape=(1,), value_range=(-9.0, 9.0)
    )
    step = gan.adversarial_step(model, *optimizers(model, 0.05))
    path = []
    for _ in range(1500):
        step(torch.randn(64, 1) + 2)
        path.append(model.generator.t.item())
    assert abs(np.mean(path[500:]) - 2) < 0.1


# A training that goes wrong.


def test_a_diverging_gan_stops_and_keeps_the_last_good_checkpoint(tmp_path):
    """Kills a NaN that is averaged away, and a checkpoint that is overwritten by it."""
    torch.manual_seed(0)
    model = gan.mlp_gan(4, 2, 3)
    parts = optimizers(model, 1e-3)
    file = tmp_path / "gan.safetensors"
    state = {"gan": model, "generator optimizer": parts[0], "other": parts[1]}
    x, settings = torch.rand(64, 4), {"batch_size": 16, "seed": 0, "progress": False}
    step = gan.adversarial_step(model, *parts)
    train(step, x, epochs=2, state=state, checkpoint=file, **settings)
    good, content = weights(model), file.read_bytes()

    for part in parts:  # in the middle of a run, one step too long
        part.param_groups[0]["lr"] = 1e38

    def too_long(*batch):
        for part in parts:
            part.param_groups[0]["lr"] = 1e38
        return step(*batch)

    with pytest.raises(ArithmeticError, match=r"became .* in epoch 3; .*after epoch 2"):
        train(too_long, x, epochs=9, state=state, checkpoint=file, **settings)
    assert file.read_bytes() == content
    for part in parts:
        part.param_groups[0]["lr"] = 1e-3
    train(step, x, epochs=2, state=state, checkpoint=file, **settings)  # only resumes
    torch.testing.assert_close(weights(model), good)


# The networks.


def test_what_the_networks_make_and_say():
    torch.manual_seed(0)
    model = gan.mlp_gan(6, 2, 16)
    images = model.sample(500)
    assert images.shape == (500, 6)
    assert images.min() >= 0
    assert images.max() <= 1
    assert images.std(dim=0).min() > 0.01  # they depend on z
    assert model.discriminator(images).shape == (500, 1)


def test_dropout_is_the_discriminators_alone():
    """Kills dropout at evaluation, and in the generator."""
    torch.manual_seed(0)
    model = gan.mlp_gan(6, 2, 16, dropout=0.5)
    x, z = torch.rand(9, 6), torch.randn(9, 2)
    assert not torch.equal(model.discriminator(x), model.discriminator(x))
    torch.testing.assert_close(model.generator(z), model.generator(z))
    model.eval()
    torch.testing.assert_close(model.discriminator(x), model.discriminator(x))


# Bad input.


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (torch.rand(4, 6), r"the generator makes, \(4, 5\); got \(4, 6\)"),
        (torch.rand(4, 1, 5), r"got \(4, 1, 5\)"),
        (255 * torch.ones(4, 5), "between 0 and 1, .*from 255 to 255: scale"),
        (-torch.ones(4, 5), "from -1 to -1"),
        (torch.full((4, 5), torch.nan), "from nan to nan"),
    ],
)
def test_data_that_the_generator_cannot_make(x, message):
    """Kills data from -1 to 1 against a sigmoid: D tells them apart by that alone."""
    torch.manual_seed(0)
    model = gan.mlp_gan(5, 3, 4)
    torch.manual_seed(1)
    with pytest.raises(ValueError, match=message):
        gan.adversarial_step(model, *optimizers(model, 0.1))(x)
    with pytest.raises(ValueError, match=message):
        gan.losses(model, x)


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ((0, 3, 4), "n_pixels must be a whole number, 1 or more; got 0"),
        ((5, 0, 4), "n_latent must be .* got 0"),
        ((5, 3, -1), "n_hidden must be .* got -1"),
    ],
)
def test_sizes(sizes, message):
    with pytest.raises(ValueError, match=message):
        gan.mlp_gan(*sizes)


def test_shares_and_counts():
    with pytest.raises(
        ValueError, match="dropout must be 0 or more and below 1; got 1"
    ):
        gan.mlp_gan(5, 3, 4, dropout=1)
    with pytest.raises(ValueError, match="n must be a whole number"):
        gan.mlp_gan(5, 3, 4).sample(0)
