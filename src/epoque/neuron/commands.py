"""`epoque neuron separable|animate|check-gradients`: what only this lab can do."""

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from epoque.bench.files.csv_table import read_csv
from epoque.bench.options import Dark, Language, RunName, RunsOption
from epoque.bench.telling import console, note, say, say_taken

from .config import NeuronConfig
from .lab import LAB

__all__ = ["APP"]

APP = App(help=LAB.title)
_NETWORK = NeuronConfig(model="mlp", truth_table="xor", hidden_layers=(4, 3), init="glorot_uniform")


@APP.command
def separable(
    truth_table: Annotated[str, Parameter(help="A gate's name or its outputs.")] = "xor",
    /,
    *,
    csv: Annotated[str | None, Parameter(help="Points of your own instead.")] = None,
) -> None:
    """Decide by a linear programme whether one line parts the classes, and prove it.

    Example: `epoque neuron separable 0110`.
    """
    from .data import load
    from .separability import separate

    given = {"truth_table": truth_table} if csv is None else {"data": "csv", "csv": csv}
    config = NeuronConfig.parse(given)
    dataset = load(config)
    if csv is not None:
        note(read_csv(Path(csv)).remarks())
    found = separate(dataset.x, dataset.d)
    out = console()
    if found.line is not None:
        terms = " ".join(
            f"{w:+.4g}·{name}" for w, name in zip(found.line[1:], dataset.names, strict=True)
        )
        out.print(
            f"Separable: y = {-found.line[0]:.4g} {terms} is ≥ 1 at class 1, ≤ −1 at class 0."
        )
        if found.margin is not None:
            out.print(f"The nearest point is {found.margin:.4g} from that line.")
    elif found.certificate is not None:
        point = ", ".join(f"{value:.4g}" for value in found.certificate.point)
        out.print(f"Not separable: the point ({point}) is a weighted mean of both classes.")
        sides = (("class 1", found.certificate.ones), ("class 0", found.certificate.zeros))
        for name, shares in sides:
            mean = " + ".join(
                f"{share:.4g}·({', '.join(f'{v:g}' for v in dataset.x[place])})"
                for place, share in shares.items()
            )
            out.print(f"  {name}: {mean}")
    else:
        out.print("Undecided: the classes are nearer to each other than rounding can tell.")


@APP.command
def animate(
    run: RunName = "last",
    /,
    *,
    out: Annotated[
        Path, Parameter(help="The path without its ending; .webp and .gif are written.")
    ] = Path("boundary"),
    runs: RunsOption = None,
    lang: Language = "en",
    dark: Dark = False,
) -> None:
    """Film the boundary while it learned, for runs with two inputs."""
    from epoque.bench.runs.places import check_file, runs_folder
    from epoque.bench.runs.records import find_run

    from .figures import animation

    check_file("--out", out, ".webp", ".gif")
    found = find_run(runs_folder(runs), run, LAB.name)
    say_taken(run, found.id)
    animation(found, out, lang, "dark" if dark else "light")
    for ending in (".webp", ".gif"):
        say(f"{out}{ending}")


@APP.command
def check_gradients() -> None:
    """Hold every gradient of the network against finite differences."""
    from .gradcheck import check_all

    out = console()
    out.print("Relative error of each gradient, by loss and activation:")
    for (loss, activation), error in check_all(_NETWORK).items():
        out.print(f"{error:8.1e}  {loss}, {activation}")
