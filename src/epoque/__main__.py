"""`python -m epoque`, and the command `epoque`."""

import gc

__all__ = ["main"]


def main() -> None:
    """Answer one command line; see `epoque.cli.main`."""
    # What is imported stays: looking for garbage among it takes a tenth of the time of `--help`.
    gc.disable()
    from epoque.cli import main as answer

    gc.freeze()
    gc.enable()
    answer()


if __name__ == "__main__":
    main()
