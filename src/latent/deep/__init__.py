"""Deep latent variables."""
