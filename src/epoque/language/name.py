"""What the lab is called."""

NAME = "language"
