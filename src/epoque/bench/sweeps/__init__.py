"""Sweeps and searches: grids of settings, their measuring, and the tables that come of it."""
