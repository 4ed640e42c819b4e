"""Every experiment, by its name."""

from latent.experiments import classifier, dcgan, gan
from latent.experiments.experiment import Experiment

EXPERIMENTS: dict[str, Experiment] = {
    "classifier-mnist": classifier.MNIST,
    "classifier-fashion": classifier.FASHION,
    "dcgan": dcgan.DCGAN,
    "gan": gan.MNIST,
}
