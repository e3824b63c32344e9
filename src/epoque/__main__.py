"""`python -m epoque`, and the command `epoque`."""

import gc
import signal

__all__ = ["main"]


def main() -> None:
    """Answer one command line; see `epoque.cli.main`."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C among imports is no traceback
    # What is imported stays: looking for garbage among it takes a tenth of the time of `--help`.
    gc.disable()
    from epoque.cli import main as answer

    gc.freeze()
    gc.enable()
    answer()


if __name__ == "__main__":
    main()
