"""What the lab is called."""

NAME = "gan2d"
