"""Training steps of a flow against the same flow with couplings by masks."""

from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor, nn
from torch.distributions import (
    SigmoidTransform,
    TransformedDistribution,
    Uniform,
)

from benchmarks.compare import Comparison
from latent import data, pixels
from latent.deep.vae import mlp
from latent.flows import nice
from latent.train import descend

STEPS = 4
HIDDEN = 300
RATE = 1e-5


def comparisons() -> Iterator[Comparison]:
    """The rows of this part of the table."""
    x = pixels.scaled(data.mnist().train_images[:256])
    torch.set_num_threads(1)
    yield Comparison(
        work=f"NICE, {STEPS} steps, 256 images, 2 x {HIDDEN} units",
        peer="masks",
        theirs=steps(masked_step(x)),
        ours=steps(our_step(x)),
    )


def steps(step: Callable[[], Tensor]) -> Callable[[], list[np.ndarray]]:
    """Some updates with the same noise; the losses before each."""

    def work() -> list[np.ndarray]:
        torch.manual_seed(0)
        return [np.array([step().item() for _ in range(STEPS)])]

    return work


def our_flow(x: Tensor) -> nice.NICE:
    """The flow as it begins, the same at every call."""
    torch.manual_seed(1)
    flow = nice.NICE(784, n_hidden=HIDDEN)
    nice.start(flow, x)
    return flow


def our_step(x: Tensor) -> Callable[[], Tensor]:
    """The library's step."""
    flow = our_flow(x)
    adam = torch.optim.Adam(flow.parameters(), lr=RATE, fused=True)
    step = descend(nice.negative_log_likelihood, flow, adam)
    return lambda: torch.stack(list(step(x).values())).sum()


class Masked(nn.Module):
    """Networks from all pixels to all, with masks before and behind."""

    def __init__(self, flow: nice.NICE):
        super().__init__()
        self.shifts = nn.ModuleList()
        self.log_scale = nn.Parameter(flow.log_scale.detach().clone())
        self.masks = []
        for i, shift in enumerate(flow.shifts):
            mask = torch.zeros(784)
            mask[i % 2 :: 2] = 1
            self.masks.append(mask)
            wide = mlp(784, HIDDEN, HIDDEN, 784)
            with torch.no_grad():
                wide[0].weight[:, i % 2 :: 2] = shift[0].weight
                wide[0].bias.copy_(shift[0].bias)
                wide[2].load_state_dict(shift[2].state_dict())
                wide[4].weight[1 - i % 2 :: 2] = shift[4].weight
                wide[4].bias[1 - i % 2 :: 2] = shift[4].bias
            self.shifts.append(wide)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """As the library's."""
        for mask, shift in zip(self.masks, self.shifts, strict=True):
            x = x + (1 - mask) * shift(mask * x)
        return x * self.log_scale.exp(), self.log_scale.sum()


def masked_step(x: Tensor) -> Callable[[], Tensor]:
    """The step as it is usually written."""
    flow = Masked(our_flow(x))
    adam = torch.optim.Adam(flow.parameters(), lr=RATE)
    prior = TransformedDistribution(
        Uniform(torch.zeros(784), torch.ones(784)), [SigmoidTransform().inv]
    )

    def step() -> Tensor:
        z, log_volume = flow((255 * x + torch.rand_like(x)) / 256)
        loss = -(prior.log_prob(z).sum(dim=1) + log_volume).mean()
        adam.zero_grad()
        loss.backward()
        adam.step()
        return loss

    return step
