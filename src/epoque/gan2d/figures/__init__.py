"""What is drawn of a GAN: snapshots, scenes, films, small multiples, curves."""
