"""Looking closely at a trained generator: its images, their bytes, how they move."""
