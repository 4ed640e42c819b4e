"""Adversarial trainings against the usual way of writing the same training."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch

from benchmarks.compare import Comparison
from benchmarks.deep import BATCH, ROWS, dataloader_epoch, terms
from latent import data, pixels
from latent.adversarial import dcgan, gan
from latent.train import Terms, train


def comparisons() -> Iterator[Comparison]:
    """The rows of this part of the table."""
    yield gan_row()
    yield dcgan_row()


def gan_row() -> Comparison:
    """A tenth of an epoch of the chapter's GAN, from the same weights.

    Both with the fused optimiser: the game amplifies rounding, and another order of the
    same sums changes the fifth digit of the losses within these 47 rounds.
    """
    mnist = data.mnist()
    images, labels = mnist.train_images[:ROWS], mnist.train_labels[:ROWS]
    x = pixels.scaled(images)

    def step() -> Callable[..., Terms]:
        torch.manual_seed(0)
        pair = gan.mlp_gan(784, 64, 256)
        parts = zip((pair.generator, pair.discriminator), (1e-3, 2e-4), strict=True)
        return gan.adversarial_step(
            pair,
            *(
                torch.optim.Adam(part.parameters(), rate, (0.5, 0.999), fused=True)
                for part, rate in parts
            ),
        )

    def theirs() -> list[np.ndarray]:
        usual = step()
        return dataloader_epoch(lambda x, _: usual(x), images, labels)

    def ours() -> list[np.ndarray]:
        options = {"batch_size": BATCH, "seed": 0, "progress": False}
        return terms(train(step(), x, epochs=1, **options))

    return Comparison(
        work=f"GAN, {ROWS} digits, batch {BATCH}",
        peer="DataLoader",
        theirs=theirs,
        ours=ours,
        rounds=5,
    )


def dcgan_row() -> Comparison:
    """Steps of the convolutional GAN against the same networks in the usual layout."""
    images = dcgan.padded(data.mnist().train_images[:64])
    return Comparison(
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
    pair = dcgan.dcgan()
    if usual:
        pair = pair.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    start = {name: weights.clone() for name, weights in pair.state_dict().items()}

    def work() -> Sequence[np.ndarray]:
        pair.load_state_dict(start)
        optimizers = [
            torch.optim.Adam(part.parameters(), 2e-4, betas=(0.5, 0.999), fused=True)
            for part in (pair.generator, pair.discriminator)
        ]
        step = gan.adversarial_step(pair, optimizers[0], optimizers[1])
        torch.manual_seed(1)
        found = [step(images) for _ in range(4)]
        return [np.array([t.item() for t in terms.values()]) for terms in found]

    return work
