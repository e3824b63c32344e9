"""Files: writing them whole or not at all, and reading those that others made, within limits."""
