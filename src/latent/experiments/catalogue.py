"""Every experiment, by its name."""

from latent.experiments import classifier, conditional_vae, fashion
from latent.experiments.experiment import Experiment

EXPERIMENTS: dict[str, Experiment] = {
    "classifier-mnist": classifier.MNIST,
    "classifier-fashion": classifier.FASHION,
    "cvae": conditional_vae.CVAE,
    "fashion-tuning": fashion.GRID,
    "fashion": fashion.FINAL,
    "fashion-2d": fashion.PLANE,
}
