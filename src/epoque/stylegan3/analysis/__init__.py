"""Analysis of a trained generator: its images, their bytes, how they move with their input."""
