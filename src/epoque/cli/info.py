"""`epoque list`, `schema` and `doctor`: what there is, what may be set, what is installed."""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from epoque.bench.errors import UsageError
from epoque.bench.i18n import translator
from epoque.bench.lab import find_lab, lab_names
from epoque.bench.number_text import write_decimal
from epoque.bench.options import AsJson, Language
from epoque.bench.terminal import make_console, make_table, print_json

if TYPE_CHECKING:
    from rich.text import Text

    from epoque.bench.system.doctor import Check


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
        rows = [
            (f"  {r.name}", _(r.title), f"{write_decimal(r.minutes, lang)}\u00a0min")
            for r in recipes
            if r.lab == lab
        ]
        rows += [(f"  {r}", fault, "") for r, fault in faults.items() if r.split("/")[0] == lab]
        out.print(make_table(("", "", ""), rows))
    hint = _("epoque run RECIPE trains one; epoque run RECIPE --help shows what may be set.")
    out.print(f"\n{hint}")


def schema(
    lab: Annotated[str, Parameter(help="A lab's name, for instance neuron.")],
    /,
    *,
    lang: Language = "en",
) -> None:
    """Print the JSON schema of a lab's settings: types, bounds, units, labels, defaults."""
    print_json(find_lab(lab).config_class.json_schema(lang))


def doctor(
    *,
    packages: Annotated[
        bool, Parameter(negative="", help="List every package, not only those that are broken.")
    ] = False,
    lang: Language = "en",
    as_json: AsJson = False,
) -> None:
    """Say what works here, which device computes, what is missing and how to get it."""
    from epoque.bench.system.doctor import GROUPS, check_installation

    _ = translator(lang)
    checks = check_installation(lang)
    if as_json:
        print_json([check.__dict__ for check in checks])
        return
    out = make_console(wrapped=True)
    for group, heading in GROUPS.items():
        members = [check for check in checks if check.group == group]
        listed = [c for c in members if group != "package" or packages or c.state == "bad"]
        out.print(_bold(_(heading)))
        if group == "package":
            out.print(f"  {_count_packages(members, lang)}")
        if listed:
            out.print(make_table(("", "", "", ""), map(_row, listed)))
    if not packages:
        hint = _("epoque doctor --packages lists each package with its version.")
        out.print(f"\n{hint}")


def _bold(text: str) -> "Text":
    from rich.text import Text

    return Text(f"\n{text}", "bold")


def _count_packages(checks: "list[Check]", language: str) -> str:
    """Return how many packages are as needed, not installed, and broken."""
    counts = Counter(check.state for check in checks)
    _ = translator(language)
    return _("{ok} packages as needed, {missing} of extras not installed, {bad} broken").format(
        ok=counts["ok"], missing=counts["missing"], bad=counts["bad"]
    )


def _row(check: "Check") -> "tuple[Text, str, str, str]":
    from rich.text import Text

    marks = {"ok": ("ok", "green"), "missing": ("--", "yellow"), "bad": ("!!", "red")}
    return Text.assemble("  ", marks[check.state]), check.title, check.result, check.advice
