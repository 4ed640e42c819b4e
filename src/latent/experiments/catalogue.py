"""Every experiment, by its name."""

from latent.experiments import (
    classifier,
    conditional_vae,
    dcgan,
    fashion,
    gan,
    nice,
    rbm,
    sparse_autoencoder,
    vae,
)
from latent.experiments.experiment import Experiment

EXPERIMENTS: dict[str, Experiment] = {
    "classifier-mnist": classifier.MNIST,
    "classifier-fashion": classifier.FASHION,
    **rbm.RBMS,
    "sparse-autoencoder": sparse_autoencoder.MNIST,
    "vae": vae.MNIST,
    "cvae": conditional_vae.CVAE,
    "fashion-tuning": fashion.GRID,
    "fashion": fashion.FINAL,
    "fashion-2d": fashion.PLANE,
    "gan": gan.MNIST,
    "dcgan": dcgan.DCGAN,
    "nice": nice.LARGE,
    "nice-small": nice.SMALL,
    "vae-256": nice.VAE_ALIKE,
}
