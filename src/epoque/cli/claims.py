"""`epoque claims`: list, show and check the claims of the lab book, of a book, and of reports."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from epoque.bench.errors import EpoqueError, UsageError
from epoque.bench.files.output_paths import check_folder, runs_folder
from epoque.bench.i18n import translator
from epoque.bench.options import AsJson, Language, RunsOption
from epoque.bench.terminal import make_console, make_table, print_json, print_notes

if TYPE_CHECKING:
    from epoque.report.claims.claim_sets import CheckedClaim, ClaimSet
    from epoque.report.hand_back import CheckedReport
    from epoque.report.model import ClaimRow, Verdict

Book = Annotated[
    Path | None,
    Parameter(name="--book", help="The folder of a book with claims of its own."),
]


def register(app: App, argv: Sequence[str]) -> None:  # noqa: ARG001
    """Add these commands to the application."""
    claims = App(name="claims", help="What is claimed, and whether measurements bear it out.")
    claims.command(list_claims, name="list")
    claims.command(show)
    claims.command(check)
    app.command(claims)


def list_claims(
    book: Annotated[
        Path | None, Parameter(help="The folder of a book with claims of its own.")
    ] = None,
    /,
    *,
    values: Annotated[
        bool, Parameter(negative="", help="The values that a report may claim, by their ids.")
    ] = False,
    lang: Language = "en",
    runs: RunsOption = None,
    as_json: AsJson = False,
) -> None:
    """List the claims of the lab book, or those of a book of your own.

    With --values, what `epoque claims check REPORT.md` can compare a number with.
    """
    from epoque.report.claims.quantities import list_quantities

    sets, _ = _read_sets(book, runs), translator(lang)
    if book is not None:
        sets = sets[:1]
    if values:
        quantities = list_quantities(sets)
        words = [
            (name, one.line.quantity.translate(lang), one.claim.id)
            for name, one in quantities.items()
        ]
        if as_json:
            print_json([dict(zip(("id", "quantity", "claim"), w, strict=True)) for w in words])
            return
        make_console().print(make_table((_("Value"), _("Quantity"), _("Claim")), words))
        return
    rows = [
        (claim.id, claim.statement.translate(lang), each.verdicts.get(claim.id), each.name)
        for each in sets
        for claim in each.claims
    ]
    if as_json:
        names = ("id", "claim", "recorded", "of")
        print_json([dict(zip(names, row, strict=True)) for row in rows])
        return
    table = [(number, words, _name(verdict, lang)) for number, words, verdict, _of in rows]
    make_console(wrapped=True).print(make_table((_("No."), _("Claim"), _("Recorded")), table))


def show(
    name: Annotated[str, Parameter(help="A claim's number, or the id of a value of it.")],
    /,
    *,
    book: Book = None,
    lang: Language = "en",
    runs: RunsOption = None,
) -> None:
    """Show a claim: each of its lines, what was measured, the verdict, the commands."""
    from epoque.report.claims.claim_sets import check_claims, find_in_sets

    sets = _read_sets(book, runs)
    claims, claim = find_in_sets(sets, name)
    (checked,) = check_claims(claims, lang, [claim])
    _, row = translator(lang), checked.row
    out = make_console(wrapped=True)
    out.print(f"{row.id} {claim.statement.translate(lang)}\n{_name(row.verdict, lang)}\n")
    columns = tuple(_(w) for w in ("Quantity", "Reported", "Measured", "Seeds", "Verdict"))
    out.print(make_table(columns, _lines(row, lang)))
    ids = [f"{claims.prefix}{line.id}" for line in claim.quantities() if line.id]
    if ids:
        out.print(f"\n{_('Values that a report may claim')}: {', '.join(ids)}")
    if row.commands:
        out.print("\n" + "\n".join((_("To repeat"), *row.commands)))


def check(
    what: Annotated[
        Path | None,
        Parameter(help="A book's folder, a report in Markdown, or a folder of reports."),
    ] = None,
    /,
    *,
    book: Book = None,
    out: Annotated[
        Path | None, Parameter(help="Where the pages on reports go: a folder; by default checked.")
    ] = None,
    record: Annotated[
        bool,
        Parameter(negative="", help="Write the verdicts of a book's claims as those to keep."),
    ] = False,
    lang: Language = "en",
    runs: RunsOption = None,
    as_json: AsJson = False,
) -> None:
    """Measure claims, and say what has changed; or compare the values that reports claim.

    Without an argument the claims of the lab book are measured, with the folder of a book those of
    its `claims.yaml`; the exit code is 1 if a verdict is another than the recorded one. Of a report
    (`report.md`, in which values are marked as `[0.0249]{claim=neuron/and-error-400}`) each value
    gets a verdict, and a page to hand back; a folder of reports also gets one table of all.

    Examples: `epoque claims check`, `epoque claims check my-book`, `epoque claims check report.md`.
    """
    from epoque.report.claims.claim_sets import has_claims, read_chapter_claims, read_own_claims

    root = runs_folder(runs)
    if what is None or (what.is_dir() and has_claims(what)):
        for option, value in (("--out", out), ("--book", book)):
            if value is not None:
                raise UsageError(f"{option}: {value} has no effect without a report to check.")
        if record and what is None:
            raise UsageError(
                "--record: name the folder of a book; the lab book's stay as they are."
            )
        sets = read_chapter_claims(root) if what is None else [read_own_claims(what, root)]
        _check_sets(sets, what if record else None, lang, as_json=as_json)
        return
    if record:
        raise UsageError(f"--record: {what} is no book with a claims.yaml.")
    folder = out or Path("checked")
    check_folder("--out", folder)
    _check_reports(what, _read_sets(book, runs), folder, lang, as_json=as_json)


def _read_sets(book: Path | None, runs: Path | None) -> "list[ClaimSet]":
    """Return the claims of the lab book, and those of a reader's own book before them."""
    from epoque.report.claims.claim_sets import has_claims, read_chapter_claims, read_own_claims

    root = runs_folder(runs)
    if book is None:
        return read_chapter_claims(root)
    if not has_claims(book):
        raise UsageError(f"{book} holds no claims.yaml, which a book's own claims stand in.")
    return [read_own_claims(book, root), *read_chapter_claims(root)]


def _check_sets(
    sets: "Sequence[ClaimSet]", record_in: Path | None, lang: str, *, as_json: bool
) -> None:
    from epoque.report.claims.claim_sets import check_claims, record_verdicts
    from epoque.report.claims.tables import count_verdicts

    checked = [one for claims in sets for one in check_claims(claims, lang)]
    if as_json:
        print_json([_as_json(one) for one in checked])
    else:
        _print_checked(checked, lang)
    if record_in is not None:
        print_notes([str(record_verdicts(record_in, checked))])
        return
    if not as_json:
        counted = count_verdicts([one.row.verdict for one in checked], lang)
        make_console(wrapped=True).print(counted)
    changed = [one for one in checked if one.is_changed]
    if changed:
        which = "; ".join(
            f"{one.claim.id}: recorded {_name(one.recorded, lang)}, "
            f"now {_name(one.row.verdict, lang)}"
            for one in changed
        )
        raise EpoqueError(f"{len(changed)} of {len(checked)} verdicts changed. {which}.")


def _print_checked(checked: "Iterable[CheckedClaim]", lang: str) -> None:
    _ = translator(lang)
    rows = [
        (
            one.claim.id,
            one.claim.statement.translate(lang),
            _name(one.row.verdict, lang),
            _name(one.recorded, lang) if one.is_changed else "",
        )
        for one in checked
    ]
    columns = (_("No."), _("Claim"), _("Verdict"), _("Recorded"))
    make_console(wrapped=True).print(make_table(columns, rows))


def _check_reports(
    what: Path, sets: "Sequence[ClaimSet]", out: Path, lang: str, *, as_json: bool
) -> None:
    from epoque.report.hand_back import check_report, find_reports, write_overview, write_page

    paths = find_reports(what, out) if what.is_dir() else [what]
    reports = [check_report(path, sets, lang) for path in paths]
    problems = [problem for report in reports for problem in report.problems]
    if problems and not what.is_dir():
        raise UsageError("\n".join(problems))
    names = _page_names(paths, what)
    files = [write_page(report, out / name) for report, name in zip(reports, names, strict=True)]
    if what.is_dir():
        pages = [html for html, _markdown in files]
        files.append(write_overview(reports, pages, out / "reports", lang))
    if as_json:
        print_json([_report_as_json(report) for report in reports])
    else:
        _print_reports(reports, lang)
    print_notes(str(file) for file in files[-1])
    if problems:
        raise UsageError("\n".join(problems))


def _page_names(paths: Sequence[Path], what: Path) -> list[str]:
    """Return what the page of each report is called: by its path, each once."""
    names: list[str] = []
    for path in paths:
        parts = path.relative_to(what).parts if what.is_dir() else (path.name,)
        name = "-".join(parts).removesuffix(".md")
        taken = sum(other == name or other.startswith(f"{name}~") for other in names)
        names.append(f"{name}~{taken + 1}" if taken else name)
    return names


def _print_reports(reports: "Sequence[CheckedReport]", lang: str) -> None:
    """Print the values of reports, each of which may be in another language, in one."""
    _ = translator(lang)
    rows = [
        (
            report.report.path.name,
            value.value.line,
            value.quantity.id,
            line.reported,
            line.measured,
            _name(value.verdict, lang),
        )
        for report in reports
        for value in report.values
        for line in value.row_in(lang).lines
    ]
    words = (_("Report"), _("Line"), _("Value"), _("Reported"), _("Measured"), _("Verdict"))
    make_console(wrapped=True).print(make_table(words, rows))


def _lines(row: "ClaimRow", lang: str) -> list[tuple[str, ...]]:
    from epoque.report.model import plain

    return [
        (plain(line.quantity), line.reported, line.measured, line.seeds, _name(line.verdict, lang))
        for line in row.lines
    ]


def _name(verdict: "Verdict | None", lang: str) -> str:
    """Return a verdict as a page prints it, a dash for none."""
    from epoque.report.claims.tables import SIGNS, VERDICTS

    if verdict is None:
        return "–"
    return f"{SIGNS[verdict]} {translator(lang)(VERDICTS[verdict])}"


def _as_json(one: "CheckedClaim") -> dict[str, object]:
    return {
        "id": one.claim.id,
        "verdict": one.row.verdict,
        "recorded": one.recorded,
        "changed": one.is_changed,
        "commands": list(one.row.commands),
    }


def _report_as_json(report: "CheckedReport") -> dict[str, object]:
    return {
        "report": str(report.report.path),
        "title": report.report.title,
        "author": report.report.author,
        "values": [
            {
                "line": one.value.line,
                "claim": one.quantity.id,
                "reported": one.value.number.text,
                "measured": dict(zip(("median", "low", "high"), one.interval, strict=True)),
                "seeds": one.seeds,
                "verdict": one.verdict,
                "commands": list(one.row.commands),
            }
            for one in report.values
        ],
        "problems": list(report.problems),
    }
