"""What the lab is called."""

NAME = "neuron"
