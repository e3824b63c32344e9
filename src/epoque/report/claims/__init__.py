"""Claims of the reported lab book, and the rules by which a measurement bears them out."""
