"""Linear latent variables."""
