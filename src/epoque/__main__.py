"""`python -m epoque`."""

from epoque.cli import main

main()
