"""The neuron lab: one neuron on logic gates, and the small network that solves XOR."""
