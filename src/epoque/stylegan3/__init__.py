"""The StyleGAN3 lab: alias-free image generators, trained, filmed, measured and explored."""
