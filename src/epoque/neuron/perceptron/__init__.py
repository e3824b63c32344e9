"""One neuron: its rule, its training, and many of them in one program."""
