"""Every experiment, by its name."""

from latent.experiments import classifier, nice, vae
from latent.experiments.experiment import Experiment

EXPERIMENTS: dict[str, Experiment] = {
    "classifier-mnist": classifier.MNIST,
    "classifier-fashion": classifier.FASHION,
    "vae": vae.MNIST,
    "nice": nice.LARGE,
    "nice-small": nice.SMALL,
    "vae-256": nice.VAE_ALIKE,
}
