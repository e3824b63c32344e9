"""What is measured of a network or of images."""
