"""The sparse autoencoder's training against the usual way of writing it."""

from collections.abc import Callable, Iterator
from functools import partial

import torch

from benchmarks.compare import Comparison
from benchmarks.deep import BATCH, ROWS, dataloader_epoch, terms
from latent import data, pixels
from latent.deep.sparse_autoencoder import SparseAutoencoder, denoising_loss
from latent.train import Terms, descend, train


def comparisons() -> Iterator[Comparison]:
    """A tenth of an epoch of the chapter's network, from the same weights."""
    mnist = data.mnist()
    images, labels = mnist.train_images[:ROWS], mnist.train_labels[:ROWS]
    x = pixels.scaled(images)
    loss = partial(denoising_loss, noise=0.5, penalty=0.05)

    def step(*, fused: bool) -> Callable[..., Terms]:
        torch.manual_seed(0)
        model = SparseAutoencoder()
        adam = torch.optim.Adam(model.parameters(), 1e-3, fused=fused or None)
        return descend(loss, model, adam)

    def theirs() -> list:
        usual = step(fused=False)
        return dataloader_epoch(lambda x, _: usual(x), images, labels)

    def ours() -> list:
        options = {"batch_size": BATCH, "seed": 0, "progress": False}
        return terms(train(step(fused=True), x, epochs=1, **options))

    yield Comparison(
        work=f"sparse autoencoder, {ROWS} digits, batch {BATCH}",
        peer="DataLoader",
        theirs=theirs,
        ours=ours,
        rounds=5,
    )
