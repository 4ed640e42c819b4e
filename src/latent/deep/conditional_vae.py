"""The conditional autoencoder of binary images (chapter deep/conditional_vae)."""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from latent import checks, pixels
from latent.deep.vae import kl_to_standard_normal, mlp, reparameterize
from latent.train import Terms


class CVAE(nn.Module):
    r"""$p(x \mid z, y)$ Bernoulli, $p(z \mid y)$ standard normal, $q$ diagonal.

    Labels are rows $y$ of shape (C,), as `pixels.one_hot` makes them.

    Args:
        n_pixels: D.
        n_classes: C.
        n_latent: K, the dimensions of the code.
        n_hidden: units in the one hidden layer of either network.
        label_gain: what the label is multiplied with where it enters a network. It
            changes what is learnt first, not what can be said: weights absorb it.
    """

    def __init__(
        self,
        n_pixels: int,
        n_classes: int,
        n_latent: int,
        n_hidden: int = 400,
        *,
        label_gain: float = 10.0,
    ) -> None:
        super().__init__()
        self.n_pixels, self.n_classes, self.n_latent = n_pixels, n_classes, n_latent
        self.label_gain = label_gain
        self.encoder = mlp(n_pixels + n_classes, n_hidden, 2 * n_latent)
        self.decoder = mlp(n_latent + n_classes, n_hidden, n_pixels)

    def recognition_model(
        self, x: Float[Tensor, "B D"], y: Float[Tensor, "B C"]
    ) -> tuple[Float[Tensor, "B K"], Float[Tensor, "B K"]]:
        r"""Means and log-variances of $q(z \mid x, y)$ (eq. `cvae-recognition`)."""
        joined = torch.cat([x, self.label_gain * y], dim=1)
        mean, log_variance = self.encoder(joined).chunk(2, dim=1)
        return mean, log_variance

    def generative_model(
        self, z: Float[Tensor, "B K"], y: Float[Tensor, "B C"]
    ) -> Float[Tensor, "B D"]:
        r"""Logits $a$ of the pixels in $p(x \mid z, y)$ (eq. `cvae-generative`)."""
        return self.decoder(torch.cat([z, self.label_gain * y], dim=1))

    def forward(
        self, x: Float[Tensor, "B D"], y: Float[Tensor, "B C"]
    ) -> tuple[Float[Tensor, "B D"], Float[Tensor, "B K"], Float[Tensor, "B K"]]:
        """Infer a code, draw it, and generate: logits, means and log-variances."""
        mean, log_variance = self.recognition_model(x, y)
        z = reparameterize(mean, log_variance)
        return self.generative_model(z, y), mean, log_variance


def log_likelihood(
    logits: Float[Tensor, "*B D"], x: Float[Tensor, "*B D"]
) -> Float[Tensor, "*B"]:
    r"""$\log p(x \mid z, y)$ of each row (eq. `cvae-log-likelihood`), in nats."""
    return (x * logits - F.softplus(logits)).sum(dim=-1)


def loss_function(
    cvae: CVAE, x: Float[Tensor, "B D"], y: Float[Tensor, "B C"]
) -> Terms:
    r"""The two terms of minus the bound (eq. `cvae-bound`), in nats per image.

    Raises:
        ValueError: images or labels that the model was not made for.
    """
    check(cvae, x, y)
    logits, mean, log_variance = cvae(x, y)
    distortion = -log_likelihood(logits, x)
    rate = kl_to_standard_normal(mean, log_variance)  # eq. `cvae-kl`
    return {"distortion": distortion.mean(), "rate": rate.mean()}


def check(cvae: CVAE, x: Float[Tensor, "N D"], y: Float[Tensor, "M C"]) -> None:
    """Refuse images and labels that the model was not made for.

    Raises:
        ValueError: another number of pixels, grey levels outside [0, 1], not one row of
            C label entries an image, or entries that are no shares of one.
    """
    pixels.check(x, cvae.n_pixels)
    _check_labels(cvae, y)
    if len(x) != len(y):
        raise ValueError(f"there are {len(x)} images, but {len(y)} labels")


def sheet(cvae: CVAE, z: Float[Tensor, "N K"]) -> Float[Tensor, "N C D"]:
    """The pixels' probabilities for every code (a row) with every label (a column).

    Raises:
        ValueError: codes of another length than the model's.
    """
    if z.shape[1] != cvae.n_latent:
        raise ValueError(f"codes must have {cvae.n_latent} entries; got {z.shape[1]}")
    n, c = len(z), cvae.n_classes
    with torch.no_grad():
        logits = cvae.generative_model(
            z.repeat_interleave(c, dim=0), torch.eye(c).repeat(n, 1)
        )
    return torch.sigmoid(logits).reshape(n, c, -1)


@torch.no_grad()
def label_bounds(
    cvae: CVAE,
    x: Float[Tensor, "N D"],
    *,
    n_draws: int,
    generator: torch.Generator,
    batch_size: int = 500,
) -> Float[Tensor, "N C"]:
    r"""The bound $b_c$ (eq. `cvae-bound`) of every image with every label, in nats.

    The mean over the code is one over `n_draws` draws; all labels of an image share
    the noise, which their differences then lose most of.

    Raises:
        ValueError: images that the model was not made for, or no draws.
    """
    pixels.check(x, cvae.n_pixels)
    checks.count("n_draws", n_draws)
    c = cvae.n_classes
    bounds = []
    for part in x.split(batch_size):
        images, y = part.repeat_interleave(c, dim=0), torch.eye(c).repeat(len(part), 1)
        mean, log_variance = cvae.recognition_model(images, y)
        bound = -kl_to_standard_normal(mean, log_variance)
        for _ in range(n_draws):
            noise = torch.randn(len(part), cvae.n_latent, generator=generator)
            noise = noise.repeat_interleave(c, dim=0)
            z = mean + torch.exp(0.5 * log_variance) * noise
            logits = cvae.generative_model(z, y)
            bound += log_likelihood(logits, images) / n_draws
        bounds.append(bound.reshape(len(part), c))
    return torch.cat(bounds)


def label_posterior(
    bounds: Float[Tensor, "N C"], weights: Float[Tensor, " C"]
) -> Float[Tensor, "N C"]:
    r"""$\hat r_c \propto \pi_c \exp(b_c)$ (eq. `cvae-label-posterior`)."""
    return torch.softmax(torch.log(weights) + bounds, dim=1)


@torch.no_grad()
def encode(
    cvae: CVAE,
    x: Float[Tensor, "N D"],
    y: Float[Tensor, "N C"],
    *,
    generator: torch.Generator,
) -> Float[Tensor, "N K"]:
    r"""One code an image, drawn from $q(z \mid x, y)$: what the decoder gets to see.

    Raises:
        ValueError: images or labels that the model was not made for.
    """
    check(cvae, x, y)
    mean, log_variance = cvae.recognition_model(x, y)
    noise = torch.randn(mean.shape, generator=generator)
    return mean + torch.exp(0.5 * log_variance) * noise


def fit_probe(z: Float[Tensor, "N K"], labels: Int[Tensor, " M"]) -> nn.Linear:
    """Logistic regression of the label on the code: the best linear probe.

    Its cross-entropy is convex, and minimised to the end (eq. `cvae-probe`).

    Args:
        z: codes.
        labels: 0 to C - 1, each at least once.

    Raises:
        ValueError: labels that are no such numbers, or not one a code.
    """
    n_classes = int(labels.max()) + 1
    y = pixels.one_hot(labels, n_classes)
    if len(z) != len(y):
        raise ValueError(f"there are {len(z)} codes, but {len(y)} labels")
    probe = nn.Linear(z.shape[1], n_classes)
    nn.init.zeros_(probe.weight)
    nn.init.zeros_(probe.bias)
    optimizer = torch.optim.LBFGS(
        probe.parameters(), max_iter=200, line_search_fn="strong_wolfe"
    )

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = F.cross_entropy(probe(z), labels)
        loss.backward()
        return loss

    optimizer.step(closure)
    return probe


def _check_labels(cvae: CVAE, y: Float[Tensor, "B C"]) -> None:
    if y.ndim != 2 or y.shape[1] != cvae.n_classes:
        raise ValueError(
            f"labels must be rows of {cvae.n_classes} entries; got {tuple(y.shape)}: "
            f"make them with pixels.one_hot(labels, {cvae.n_classes})"
        )
    shares = (y >= 0).all(dim=1) & ((y.sum(dim=1) - 1).abs() < 1e-4)
    if not shares.all():
        row = int((~shares).nonzero()[0])
        raise ValueError(
            "each label row must be shares of one, all in one class as a rule; "
            f"y[{row}] is {y[row].tolist()}"
        )
