"""`epoque studio`: the labs live in the browser."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter

from epoque.bench.errors import MissingExtraError, UsageError
from epoque.bench.files.output_paths import check_folder, check_runs_folder, runs_folder
from epoque.bench.number_text import split_list
from epoque.bench.options import RunsOption
from epoque.bench.terminal import print_line, print_notes

PORTS = range(65_536)

StudioLanguage = Annotated[
    Literal["en", "fr"] | None,
    Parameter(
        name="--lang",
        env_var="EPOQUE_LANG",
        help="The page's language: en or fr [default: the browser's].",
        show_choices=False,
    ),
]


def register(app: App, argv: Sequence[str]) -> None:  # noqa: ARG001
    """Add these commands to the application."""
    studio = App(name="studio", help=serve.__doc__)
    studio.default(serve)
    studio.command(export)
    app.command(studio)


def serve(
    *,
    open: Annotated[bool, Parameter(negative="", help="Open the page in the browser.")] = False,
    host: Annotated[
        str, Parameter(help="The address to listen at; others than loopback need a token.")
    ] = "127.0.0.1",
    port: Annotated[
        int | None, Parameter(help="The port [default: the first free one from 8787].")
    ] = None,
    runs: RunsOption = None,
    lang: StudioLanguage = None,
    token: Annotated[
        str | None,
        Parameter(help="What visitors must bring; printed as a part of the link."),
    ] = None,
    max_sessions: Annotated[
        int, Parameter(help="Trainings on the server that pages steer, of everybody together.")
    ] = 64,
    max_runs: Annotated[int, Parameter(help="Trainings in the background, likewise.")] = 20,
) -> None:
    """Serve every lab live in the browser, on this machine alone unless --host says otherwise.

    Prints one line with the link. Ctrl-C ends it; its sessions are saved.
    """
    _check(port, token, max_sessions, max_runs)
    folder = runs_folder(runs)
    check_runs_folder(folder, runs)
    with _explain_missing_extra():
        from epoque.studio.server import Address
        from epoque.studio.server import serve as serve_studio
        from epoque.studio.state import StudioOptions

    def announce(link: str) -> None:
        print_line(f"The studio is at {link} (Ctrl-C ends it)")
        if open:
            import webbrowser

            webbrowser.open(link)

    options = StudioOptions(folder, lang, max_sessions, max_runs)
    serve_studio(options, Address(host, port, token), announce)


def export(
    site: Annotated[Path, Parameter(help="The folder to write.")],
    /,
    *,
    recipes: Annotated[
        tuple[str, ...],
        Parameter(negative="", help="Recipes that its pages offer, with commas [default: all]."),
    ] = (),
    runs: Annotated[
        tuple[str, ...],
        Parameter(
            negative="",
            help="Runs that it brings as recordings, with commas: ids, parts of them, `last`, or "
            "folders.",
        ),
    ] = (),
    lang: Annotated[
        str,
        Parameter(help="Languages of the lab book, with commas; the first is also the figures'."),
    ] = "en,fr",
) -> None:
    """Write the studio as a folder that any web server serves, or a USB stick.

    `python -m http.server --directory SITE` is enough. The pages of the two small labs are whole
    and compute in the visitor's browser; what needs a server says so. Runs are looked for in ./runs
    or where EPOQUE_RUNS says.
    """
    with _explain_missing_extra():
        from epoque.studio.export import SiteOptions, export_site
    check_folder("SITE", site)
    chosen, offered = (tuple(_split("--runs", runs)), tuple(_split("--recipes", recipes)))
    options = SiteOptions(runs_folder(), chosen, offered, _read_languages(lang))
    export_site(site, options, lambda sentence: print_notes([sentence]))
    print_line(str(site))


def _split(option: str, texts: tuple[str, ...]) -> Iterator[str]:
    for text in texts:
        try:
            yield from split_list(text)
        except ValueError as error:
            raise UsageError(f"{option}: {text} is not allowed; {error}") from None


def _read_languages(text: str) -> tuple[Literal["en", "fr"], ...]:
    languages: list[Literal["en", "fr"]] = []
    for word in _split("--lang", (text,)):
        if word not in ("en", "fr"):
            raise UsageError(f"--lang: {word} is not allowed; it takes en, fr or both.")
        languages.append("en" if word == "en" else "fr")
    if not languages:
        raise UsageError("--lang: (empty) is not allowed; it takes en, fr or both.")
    return tuple(dict.fromkeys(languages))


@contextmanager
def _explain_missing_extra() -> Iterator[None]:
    """Say how to get what is not installed.

    Raises:
        MissingExtraError: if a package that the extra brings is not there.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "epoque":
            raise
        raise MissingExtraError("The studio", "studio") from None


def _check(port: int | None, token: str | None, max_sessions: int, max_runs: int) -> None:
    if port is not None and port not in PORTS:
        raise UsageError(f"--port: {port} is not allowed; it takes a whole number up to 65535.")
    if token is not None and not (8 <= len(token) <= 200 and token.isascii() and _is_word(token)):
        raise UsageError("--token: it takes 8 to 200 letters, digits, - and _.")
    for name, count in {"--max-sessions": max_sessions, "--max-runs": max_runs}.items():
        if not 0 <= count <= 10_000:
            raise UsageError(f"{name}: {count} is not allowed; it takes a whole number to 10000.")


def _is_word(token: str) -> bool:
    return token.replace("-", "").replace("_", "").isalnum()
