"""The command line: thin; it parses, calls and prints.

Only this folder prints. Heavy imports stand inside the commands, so that `--help` and `list`
answer at once.
"""

import os
import shlex
import sys
import unicodedata
from collections.abc import Sequence
from contextlib import suppress
from errno import ENAMETOOLONG
from io import TextIOWrapper
from signal import SIGINT

from cyclopts import App, CycloptsError
from cyclopts.exceptions import UnknownOptionError, UnusedCliTokensError, ValidationError

from epoque import __version__
from epoque.bench.errors import ConfigError, EpoqueError, MissingExtraError, UsageError
from epoque.bench.lab import find_lab, lab_names
from epoque.bench.setting_paths import find_learning_rates
from epoque.bench.stopping import Interrupt, handle_stop_signals, ignore_stop_signals
from epoque.bench.system.panics import describe_panic, is_panic
from epoque.bench.system.processes import let_waiting_threads_sleep, rank, world_size

from . import claims, info, runs
from . import report as book
from . import run as running
from . import studio as studios
from . import sweep as sweeping
from .check_arguments import check_arguments
from .common import join_lines

__all__ = ["build_app", "main"]

HELP = """An executable lab book for neural networks.

Start with `epoque list`, then `epoque run neuron/and`.

Every run is a folder under ./runs (or `--runs`, or the variable EPOQUE_RUNS), and \
`epoque report` writes them up.
"""


def build_app(argv: Sequence[str]) -> App:
    """Return the application for one command line.

    The options of `run`, `sweep` and `search` are the settings of the lab whose recipe the command
    line names, so the application depends on it.
    """
    app = App(
        name="epoque",
        help=HELP,
        help_format="plaintext",
        version=__version__,
        print_error=False,  # `main` does: cyclopts would cut a line at the terminal's width
        exit_on_error=False,
        config=check_arguments,
        suppress_keyboard_interrupt=False,  # `main` says how to go on
    )
    for part in (info, running, runs, sweeping, book, claims, studios):
        part.register(app, argv)
    for name in lab_names():
        is_asked = argv[:1] == [name]
        lab_app = _commands_of(name) if is_asked else App(help=f"What only the {name} lab can do.")
        app.command(lab_app, name=name)
    app.register_install_completion_command()
    join_lines(app)
    return app


def _commands_of(name: str) -> App:
    """Return the commands of a lab; of one that has none what else can be done with it."""
    from epoque.bench.recipes import recipe_names

    lab = find_lab(name)
    app = lab.commands()
    if app is None:
        recipes = [recipe for recipe in recipe_names() if recipe.startswith(f"{name}/")]
        first = recipes[0] if recipes else "FILE.yaml"
        app = App(
            help=f"{lab.title}\n\nIts recipes: {', '.join(recipes) or 'none'}.\n\n"
            f"`epoque run {first} --help` shows what may be set."
        )
    running.add_training(app, lab)
    return app


def _suggest_learning_rates(error: UnknownOptionError) -> str:
    """Return what cyclopts says, with the learning rates that are spelt the other way, if any."""
    option = (error.token.keyword or error.token.value).partition("=")[0]
    names = [name for one in error.argument_collection for name in one.names if name[:2] == "--"]
    rates = find_learning_rates(_to_path(option), map(_to_path, dict.fromkeys(names)))
    if not rates:
        return str(error)
    spelt = " or ".join("--" + rate.replace("_", "-") for rate in rates[:3])
    return f"Unknown option: {option}. Did you mean {spelt}?"


def _to_path(option: str) -> str:
    return option.removeprefix("--").replace("-", "_")


def _in_words(error: CycloptsError) -> str:
    """Return what was wrong with a command line."""
    if isinstance(error, UnusedCliTokensError):
        return f"{' '.join(error.unused_tokens or ())}: no such argument is taken here."
    if isinstance(error, ValidationError) and error.argument is not None:
        tokens = error.argument.tokens
        name = tokens[0].keyword or error.argument.name.upper()
        return f"{name}: {', '.join(token.value for token in tokens)} {error.exception_message}"
    if isinstance(error, UnknownOptionError):
        return _suggest_learning_rates(error)
    return str(error)


def main(argv: Sequence[str] | None = None) -> None:
    """Run one command line and exit: 0 done, 1 failed, 2 wrong usage, 128 + n stopped by signal n.

    That is 130 for Ctrl-C, 143 for SIGTERM and 129 for SIGHUP.
    """
    is_process, argv = argv is None, sys.argv[1:] if argv is None else list(argv)
    for name in ("EPOQUE_RUNS", "EPOQUE_LANG"):
        if os.environ.get(name) == "":  # as good as not set, and not the current folder
            del os.environ[name]
    let_waiting_threads_sleep()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # names of files may be no UTF-8
    try:
        with handle_stop_signals():
            _answer(argv)
    except SystemExit as end:
        if is_process and isinstance(end.code, int) and end.code > 128:
            ignore_stop_signals()  # the exit code stays while Python shuts down
        raise


def _answer(argv: Sequence[str]) -> None:
    try:
        _check_shared(argv)
        build_app(argv)(argv)
    except CycloptsError as error:
        _complain(_in_words(error))
        sys.exit(2)
    except ConfigError as error:
        _complain(error.describe("--{}"))
        sys.exit(error.exit_code)
    except EpoqueError as error:
        _complain(str(error))
        sys.exit(error.exit_code)
    except ModuleNotFoundError:
        missing = _missing_extra(argv)
        if missing is None:
            raise
        _complain(str(missing))
        sys.exit(missing.exit_code)
    except KeyboardInterrupt as error:
        ignore_stop_signals()
        stopped = error if isinstance(error, Interrupt) else Interrupt(SIGINT)
        if rank() == 0:
            with suppress(OSError):  # the terminal may be gone
                _complain(f"{stopped}; {_how_to_go_on(argv, stopped)}")
        sys.exit(128 + stopped.signal)
    except BrokenPipeError:  # the reader of a pipe, such as `head`, has seen enough
        sys.stderr.close()
        sys.exit(0)
    except BaseException as error:
        told = _describe(error)
        if told is None:
            raise
        _complain(told[0])
        sys.exit(told[1])


def _describe(error: BaseException) -> tuple[str, int] | None:
    """Return what to tell of an error that a library raises, and the exit code; None of others."""
    if is_panic(error):
        return describe_panic("The command", error), 1
    if isinstance(error, OSError) and error.errno == ENAMETOOLONG:  # whatever was looked up
        return f"{os.fsdecode(error.filename):.60}… is too long for the name of a file.", 2
    if isinstance(error, UnicodeEncodeError) and "surrogates" in error.reason:
        return f"{error.object:.80} is not allowed; it is not UTF-8 text.", 2
    return None


def _missing_extra(argv: Sequence[str]) -> MissingExtraError | None:
    """Return what the lab of a command misses, if that is why a module was not found."""
    if not (argv and argv[0] in lab_names()):
        return None
    try:
        find_lab(argv[0]).check_installed()
    except MissingExtraError as missing:
        return missing
    return None


def _check_shared(argv: Sequence[str]) -> None:
    if world_size() > 1 and argv[:1] != ["resume"] and not _trains(argv):
        raise UsageError(
            f"{world_size()} processes were started together; only `epoque run` and `epoque "
            "resume` share their work, and the command `train` of a lab."
        )


def _trains(argv: Sequence[str]) -> bool:
    """Whether a command line begins a run."""
    return argv[:1] == ["run"] or (argv[:1] != [] and argv[1:2] == ["train"])


def _how_to_go_on(argv: Sequence[str], stopped: Interrupt) -> str:
    """Return the end of the sentence that tells what a stopped command leaves."""
    if stopped.run is not None:
        from epoque.bench.runs.run import Run

        steps = Run(stopped.run).checkpoint_steps
        command = shlex.join(["epoque", "resume", str(stopped.run)])
        if steps:
            return f"`{command}` goes on from the checkpoint of step {steps[-1]}."
        return f"`{command}` begins again: there was no checkpoint yet."
    if argv[:1] and argv[0] in ("sweep", "search", "demo", "resume"):
        return "the same command goes on with what is not done yet."
    return "the same command begins again."


def _complain(message: str) -> None:
    who = f"epoque (process {rank()})" if rank() else "epoque"
    for line in message.splitlines():
        print(f"{who}: {_escape_controls(line)}", file=sys.stderr)


def _escape_controls(line: str) -> str:
    """Return a line without what would steer a terminal: names of files may hold anything."""
    return "".join(repr(c)[1:-1] if unicodedata.category(c) == "Cc" else c for c in line)
