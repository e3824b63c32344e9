"""What is drawn from a network: images, films, tables of styles, projections, directions."""
