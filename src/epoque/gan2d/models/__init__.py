"""The two networks, and how their weights begin."""
