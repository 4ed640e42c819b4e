"""Every experiment, by its name."""

from latent.experiments import classifier, rbm
from latent.experiments.experiment import Experiment

EXPERIMENTS: dict[str, Experiment] = {
    "classifier-mnist": classifier.MNIST,
    "classifier-fashion": classifier.FASHION,
    **rbm.RBMS,
}
