"""The GAN lab: generative adversarial networks on points of the plane."""
