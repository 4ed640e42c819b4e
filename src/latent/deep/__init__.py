"""Deep latent-variable models."""
