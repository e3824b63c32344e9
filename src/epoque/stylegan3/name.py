"""What the lab is called."""

NAME = "stylegan3"
