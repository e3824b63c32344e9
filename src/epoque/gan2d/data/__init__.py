"""Where points come from: real distributions, the user's own points, and noise."""
