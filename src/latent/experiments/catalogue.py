"""Every experiment, by its name."""

from latent.experiments import classifier, fashion
from latent.experiments.experiment import Experiment

EXPERIMENTS: dict[str, Experiment] = {
    "classifier-mnist": classifier.MNIST,
    "classifier-fashion": classifier.FASHION,
    "fashion-tuning": fashion.GRID,
    "fashion": fashion.FINAL,
    "fashion-2d": fashion.PLANE,
}
