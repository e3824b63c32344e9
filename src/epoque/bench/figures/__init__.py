"""Figures: the house style, axes, animations, and the pictures of sweeps and searches."""
