"""`epoque list`, `schema` and `doctor`: what there is, what may be set, what is installed."""

from collections.abc import Sequence
from typing import Annotated

from cyclopts import App, Parameter

from epoque.bench.errors import UsageError
from epoque.bench.i18n import translator
from epoque.bench.lab import find_lab, lab_names
from epoque.bench.options import AsJson, Language
from epoque.bench.terminal import make_console, make_table, print_json


def register(app: App, argv: Sequence[str]) -> None:  # noqa: ARG001
    """Add these commands to the application."""
    for command in (list_labs, schema, doctor):
        app.command(command, name="list" if command is list_labs else command.__name__)


def list_labs(*, lang: Language = "en", as_json: AsJson = False) -> None:
    """List the labs and their recipes: what each shows and the minutes it takes on 2 cores."""
    from epoque.bench.recipes import find_recipe, recipe_names

    _ = translator(lang)
    recipes, faults = [], {}
    for name in recipe_names():
        try:
            recipes.append(find_recipe(name))
        except UsageError as error:
            faults[name] = str(error)
    if as_json:
        print_json(
            [{"name": r.name, "title": _(r.title), "shows": _(r.shows), "minutes": r.minutes}
             for r in recipes]
        )  # fmt: skip
        return
    from rich.text import Text

    out = make_console(wrapped=True)
    for lab in lab_names():
        try:
            out.print(Text.assemble((lab, "bold"), f"  {_(find_lab(lab).title)}"))
        except UsageError as error:  # one that is broken hides no other
            out.print(Text.assemble((lab, "bold"), f"  {error}"))
            continue
        rows = [(f"  {r.name}", _(r.title), f"{r.minutes:g} min") for r in recipes if r.lab == lab]
        rows += [(f"  {r}", fault, "") for r, fault in faults.items() if r.split("/")[0] == lab]
        out.print(make_table(("", "", ""), rows))
    out.print("\nepoque run RECIPE trains one; epoque run RECIPE --help shows what may be set.")


def schema(
    lab: Annotated[str, Parameter(help="A lab's name, for instance neuron.")],
    /,
    *,
    lang: Language = "en",
) -> None:
    """Print the JSON schema of a lab's settings: types, bounds, units, labels, defaults."""
    print_json(find_lab(lab).config_class.json_schema(lang))


def doctor(*, as_json: AsJson = False) -> None:
    """Say what is installed, which device computes, and what is missing."""
    from epoque.bench.system.doctor import check_installation

    checks = check_installation()
    if as_json:
        print_json([check.__dict__ for check in checks])
        return
    from rich.text import Text

    marks = {
        "ok": Text("ok", "green"), "missing": Text("--", "yellow"), "bad": Text("!!", "red")
    }  # fmt: skip
    rows = [(marks[c.state], c.name, c.result, c.advice) for c in checks]
    make_console(wrapped=True).print(make_table(("", "what", "found", "to get it"), rows))
