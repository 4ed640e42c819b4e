"""Contrastive divergence against the usual way of writing the same training."""

from collections.abc import Callable, Iterator

import numpy as np
import torch

from benchmarks.compare import Comparison
from benchmarks.deep import BATCH, ROWS, dataloader_epoch, terms
from latent import data, pixels
from latent.deep.rbm import RBM, Units, contrastive_divergence
from latent.train import Terms, train


def comparisons() -> Iterator[Comparison]:
    """The rows of this part of the table."""
    yield rbm_row()


def rbm_row() -> Comparison:
    """A tenth of an epoch of the chapter's largest machine, from the same weights."""
    clothes = data.fashion_mnist_subset()
    images, labels = clothes.train_images[:ROWS], clothes.train_labels[:ROWS]
    x = pixels.scaled(images)
    units = Units(x.shape[1])
    units.measure(x)

    def step() -> Callable[..., Terms]:
        torch.manual_seed(0)
        rbm = RBM(x.shape[1], 250)
        optimizer = torch.optim.SGD(rbm.parameters(), 1e-3, momentum=0.9)
        return contrastive_divergence(rbm, optimizer)

    def theirs() -> list[np.ndarray]:
        usual = step()
        return dataloader_epoch(lambda batch, _: usual(units(batch)), images, labels)

    def ours() -> list[np.ndarray]:
        options = {"batch_size": BATCH, "seed": 0, "progress": False}
        return terms(train(step(), units(x), epochs=1, **options))

    return Comparison(
        work=f"RBM 784-250, {ROWS} clothes, batch {BATCH}",
        peer="DataLoader",
        theirs=theirs,
        ours=ours,
        rounds=5,
    )
