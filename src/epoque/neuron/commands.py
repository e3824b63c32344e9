"""`epoque neuron separable|animate|check-gradients`: what the actions return, printed."""

from collections.abc import Mapping

from cyclopts import App

from epoque.bench.action_commands import add_action
from epoque.bench.figure_files import FilmFiles
from epoque.bench.terminal import make_console, print_line

from . import actions

__all__ = ["build_app"]


def build_app(title: str) -> App:
    """Return the commands of the lab, under its title."""
    app = App(help=title)
    add_action(app, actions.separable, _show_verdict, examples=("epoque neuron separable 0110",))
    add_action(app, actions.animate, _show_film)
    add_action(app, actions.check_gradients, _show_errors)
    return app


def _show_verdict(verdict: actions.Verdict) -> None:
    out, proof, points = make_console(), verdict.separability, verdict.points
    if proof.line is not None:
        terms = " ".join(
            f"{w:+.4g}·{name}" for w, name in zip(proof.line[1:], points.names, strict=True)
        )
        out.print(
            f"Separable: y = {-proof.line[0]:.4g} {terms} is ≥ 1 at class 1, ≤ −1 at class 0."
        )
        if proof.margin is not None:
            out.print(f"The nearest point is {proof.margin:.4g} from that line.")
    elif proof.certificate is not None:
        point = ", ".join(f"{value:.4g}" for value in proof.certificate.point)
        out.print(f"Not separable: the point ({point}) is a weighted mean of both classes.")
        sides = (("class 1", proof.certificate.ones), ("class 0", proof.certificate.zeros))
        for name, weights in sides:
            mean = " + ".join(
                f"{weight:.4g}·({', '.join(f'{v:g}' for v in points.x[place])})"
                for place, weight in weights.items()
            )
            out.print(f"  {name}: {mean}")
    else:
        out.print("Undecided: the classes are nearer to each other than rounding can tell.")


def _show_film(files: FilmFiles) -> None:
    for path in files.paths:
        print_line(str(path))


def _show_errors(errors: Mapping[tuple[str, str], float]) -> None:
    out = make_console()
    out.print("Relative error of each gradient, by loss and activation:")
    for (loss, activation), error in errors.items():
        out.print(f"{error:8.1e}  {loss}, {activation}")
