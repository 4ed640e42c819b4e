"""Latent-variable and generative models, written as the book derives them.

Every topic of the book has its module here, under the same name:
`latent.mixtures.gaussian_mixture` is the code of the chapter
`mixtures/gaussian_mixture`. What several topics share stands beside them: the one
EM driver (`latent.em`), the checks of input (`latent.checks`), the data sets
(`latent.data`) and the figures (`latent.plots`).
"""
