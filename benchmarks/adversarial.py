"""Adversarial trainings against the usual way of writing the same training."""

from collections.abc import Callable, Iterator

import numpy as np
import torch

from benchmarks.compare import Comparison
from benchmarks.deep import BATCH, ROWS, dataloader_epoch, terms
from latent import data, pixels
from latent.adversarial import gan
from latent.train import Terms, train


def comparisons() -> Iterator[Comparison]:
    """The rows of this part of the table."""
    yield gan_row()


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
