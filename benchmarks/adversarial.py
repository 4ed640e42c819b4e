"""A step of the convolutional GAN against the same networks in the usual layout."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch

from benchmarks.compare import Comparison
from latent import data
from latent.adversarial import dcgan
from latent.adversarial.gan import adversarial_step


def comparisons() -> Iterator[Comparison]:
    """The rows of this part of the table."""
    torch.set_num_threads(1)
    images = dcgan.padded(data.mnist().train_images[:64])
    yield Comparison(
        work="DCGAN, four steps on 64 images",
        peer="usual layout",
        theirs=steps(images, usual=True),
        ours=steps(images, usual=False),
        goal=1.3,
    )


def steps(images: torch.Tensor, *, usual: bool) -> Callable[[], Sequence[np.ndarray]]:
    """One call makes four steps from the same start, and gives their losses.

    Restoring the start takes a thousandth of a step's time, and is done by both.
    """
    torch.manual_seed(0)
    gan = dcgan.dcgan()
    if usual:
        gan = gan.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    start = {name: weights.clone() for name, weights in gan.state_dict().items()}

    def work() -> Sequence[np.ndarray]:
        gan.load_state_dict(start)
        optimizers = [
            torch.optim.Adam(part.parameters(), 2e-4, betas=(0.5, 0.999), fused=True)
            for part in (gan.generator, gan.discriminator)
        ]
        step = adversarial_step(gan, optimizers[0], optimizers[1])
        torch.manual_seed(1)
        found = [step(images) for _ in range(4)]
        return [np.array([t.item() for t in terms.values()]) for terms in found]

    return work
