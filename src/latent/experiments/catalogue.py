"""Every experiment, by its name."""

from latent.experiments import classifier, vae
from latent.experiments.experiment import Experiment

EXPERIMENTS: dict[str, Experiment] = {
    "classifier-mnist": classifier.MNIST,
    "classifier-fashion": classifier.FASHION,
    "vae": vae.MNIST,
}
