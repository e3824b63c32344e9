"""The multi-layer perceptron: layers of neurons, and one sigmoid neuron at the end."""
