"""The chapter on transformers, from small runs and from studies made by hand."""

import importlib.util
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pandas as pd
import pytest

from epoque.bench.errors import UnknownNameError, UsageError
from epoque.bench.files.atomic import write_json
from epoque.bench.i18n import LANGUAGES
from epoque.bench.lab import find_lab
from epoque.bench.runs.execute import execute, start
from epoque.bench.runs.record_folder import create_record, make_record_name
from epoque.bench.runs.run import Run
from epoque.bench.seeds import numpy_rng
from epoque.bench.sweeps.grid import expand_grid, parse_axes, to_cell
from epoque.bench.sweeps.study import make_metadata
from epoque.language.tables import examples_table
from epoque.report import book, write_report
from epoque.report import needs as needs_module
from epoque.report.book import read_book
from epoque.report.charts import ranking_figure, timeline_figure
from epoque.report.model import Claims, Document, Emphasis, Paragraph, Strong, Table, plain
from epoque.report.needs import Need, chapter_needs, find_needs, missing_needs
from epoque.report.text_tables import to_table

from .remeasured import check_that_the_chapter_follows

DECLARED = chapter_needs("language")
SMALL: dict[str, Any] = {
    "vocabulary": 400,
    "block_size": 16,
    "layers": 1,
    "width": 16,
    "heads": 2,
    "batch_size": 8,
    "precision": "float32",
    "device": "cpu",
}
WORDS = (
    "cat dog king sister nobody river",
    "sees follows loves forgets finds becomes",
    "houses hills seas bread days ends",
)
MEASURED = {"perplexity": 0.0, "final_valid_loss": 0.0, "tokens": 0.0}
COUNTED = {"train_blocks": 90, "valid_blocks": 18, "train_lines": 300, "valid_lines": 60}
REPORTED = {
    "language-report-causal": {"bigram_perplexity": 300.0, "unigram_perplexity": 900.0},
    "language-report-masked": {"unigram_perplexity": 800.0},
}
"""What only the trainings of the report's own networks have counted."""


def sentences(count: int, purpose: str) -> str:
    """Return lines of three words, each drawn from six."""
    drawn = numpy_rng(5, purpose).integers(6, size=(count, 3))
    lines = (" ".join(WORDS[i].split()[n] for i, n in enumerate(row)) for row in drawn)
    return "".join(f"The {line} .\n" for line in lines)


def stand_in(need: Need, texts: Mapping[str, Any]) -> Need:
    """Return a need of the same shape that takes a second."""
    if need.axes:
        return replace(need, recorded=False)
    settings = {**need.settings, **texts, **SMALL}
    if "tiny" in need.recipe:
        return replace(need, settings=settings | {"max_steps": 30})
    # A time that is never used up: the steps do not depend on the machine.
    told = {"max_seconds": 1000, "epochs": 4, "evaluate_every": 10, "evaluation_blocks": 4}
    told |= {"epochs": 1} if need.name in ("laptop-minute", "wikitext-counts") else {}
    return replace(need, settings=settings | told, recorded=False)


def make_sweep(need: Need, runs: Path) -> None:
    """Write a finished sweep whose results fall from point to point."""
    config, lab = need.config(), find_lab("language")
    axes = parse_axes(config, [f"{name}={values}" for name, values in need.axes.items()])
    points = {field: list(map(to_cell, values)) for field, values in expand_grid(axes).items()}
    table = pd.DataFrame(points).assign(**MEASURED)
    table["perplexity"] = [1000.0 - 90 * i for i in range(len(table))]
    table["tokens"] = [50_000 + 1000 * i for i in range(len(table))]
    table = table.assign(**COUNTED, steps=40, final_train_loss=0.0, **REPORTED.get(need.name, {}))
    for epoch in (1, 2, 3):
        table[f"valid_loss_epoch_{epoch}"] = 12.0 - epoch
    told = {"engine": "processes", "points": len(table), "part_points": 1, "score": "perplexity"}

    def fill(draft: Path) -> None:
        write_json(draft / "sweep.json", make_metadata(lab, need.recipe, config, axes) | told)
        table.to_parquet(draft / "table.parquet")

    path = create_record(runs, make_record_name(need.recipe, "-sweep"), 0, fill)
    status = json.loads((path / "status.json").read_text())
    write_json(path / "status.json", {**status, "state": "finished"})


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, tuple[Need, ...]]:
    """Train the chapter's four runs and write its two sweeps, once."""
    import torch

    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("chapter")
    for name, count in (("train", 300), ("valid", 60)):
        (folder / f"{name}.txt").write_text(sentences(count, name), encoding="utf-8")
    texts = {f"{name}_files": (str(folder / f"{name}.txt"),) for name in ("train", "valid")}
    needs = tuple(stand_in(need, texts) for need in DECLARED)
    runs = folder / "runs"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EPOQUE_CACHE", str(folder / "cache"))
        for need in reversed(needs):  # laptop-minute is not to be the newest of its recipe
            if need.axes:
                make_sweep(need, runs)
            else:
                run = start(find_lab("language"), need.config(), need.recipe, runs)
                execute(run, draw=False)
    return runs, needs


@pytest.fixture
def runs(made: tuple[Path, tuple[Need, ...]], monkeypatch: pytest.MonkeyPatch) -> Path:
    """The runs, and a book that asks for no more than them."""
    for module in (needs_module, book):
        monkeypatch.setattr(module, "chapter_names", lambda: ("language",))
    monkeypatch.setattr(needs_module, "chapter_needs", lambda _: made[1])
    return made[0]


def run_of(runs: Path, name: str) -> Run:
    need = next(n for n in needs_module.chapter_needs("language") if n.name == name)
    found = find_needs(runs, [need])[name]
    assert isinstance(found, Run)
    return found


# The chapter


@pytest.fixture(scope="module")
def documents() -> dict[str, Document]:
    return {}


def document(runs: Path, language: str, documents: dict[str, Document]) -> Document:
    if language not in documents:
        documents[language] = read_book(runs, language)
    return documents[language]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_chapter_holds_what_it_promises(
    runs: Path, language: str, documents: dict[str, Document]
) -> None:
    told = document(runs, language, documents)
    labels = [figure.label for figure in told.figures()]
    assert {"language-minutes", "language-parts"} <= set(labels)
    assert len(labels) == len(set(labels)) == 10
    for figure in told.figures():
        ending = b"IEND" if figure.picture.film() else b"</svg>"
        assert ending in figure.picture.data("light")
        assert len(figure.describe()) > 40
    (claims,) = (block for block in told.blocks if isinstance(block, Claims))
    assert [row.id for row in claims.rows] == [f"3.{n}" for n in range(1, 8)]
    assert claims.rows[0].verdict == "fails"  # the stand-ins are far from the report
    assert claims.rows[4].verdict == "holds"  # these very models were saved and opened again
    assert claims.rows[5].verdict == "partly"  # the report contradicts itself there
    formulas = [target for target in told.targets.values() if target.kind == "formula"]
    assert len(formulas) == 8


def test_languages_differ_in_words_and_agree_in_numbers(
    runs: Path, documents: dict[str, Document]
) -> None:
    both = [document(runs, language, documents) for language in LANGUAGES]
    tables = [[b for b in told.blocks if isinstance(b, Table)] for told in both]
    assert len(tables[0]) == len(tables[1]) > 8
    for one, other in zip(*tables, strict=True):
        assert plain(one.caption) != plain(other.caption)
        digits = [
            [re.sub(r"\D", "", plain(cell)) for row in table.rows for cell in row]
            for table in (one, other)
        ]
        assert digits[0] == digits[1]


def test_the_loss_table_is_the_runs(runs: Path, documents: dict[str, Document]) -> None:
    told = document(runs, "en", documents)
    (table,) = (b for b in told.blocks if getattr(b, "label", "") == "language-causal-losses")
    metrics = run_of(runs, "language/laptop-clm").metrics
    ends = metrics[metrics["epoch"].isin((1, 2, 3))]
    ends = ends[["train_loss", "valid_loss", "whole_valid_loss"]]
    shown = [[plain(cell) for cell in row] for row in table.rows[:3]]
    expected = [[f"{x:.4f}" for x in row] for row in ends.to_numpy()]
    assert [row[3:] for row in shown[:2]] == expected[:2]
    assert shown[2][3:5] == expected[2][:2]  # the stand-in goes on after the third epoch
    assert shown[2][:3] == ["3", "5.9683", "6.0690"]


def drop_recorded(needs: tuple[Need, ...]) -> tuple[Need, ...]:
    """Return the needs as where nothing optional ever ran."""
    return tuple(replace(n, axes={**n.axes, "seed": "7:9"}) if n.optional else n for n in needs)


@pytest.mark.parametrize("language", LANGUAGES)
def test_without_what_is_optional_the_chapter_says_what_is_not_measured(
    runs: Path, made: Any, monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    monkeypatch.setattr(needs_module, "chapter_needs", lambda _: drop_recorded(made[1]))
    told = read_book(runs, language)
    (claims,) = (block for block in told.blocks if isinstance(block, Claims))
    verdicts = {row.id: row.verdict for row in claims.rows}
    assert [verdicts[name] for name in ("3.1", "3.2", "3.3")] == ["unmeasured"] * 3
    assert all("epoque sweep" in row.commands[0] for row in claims.rows if row.id == "3.1")
    words = {"en": "not measured", "fr": "non mesurée"}[language]
    assert words in " ".join(plain(b.children) for b in told.blocks if isinstance(b, Paragraph))


def test_the_text_follows_everything_that_the_chapter_reads(runs: Path, made: Any) -> None:
    check_that_the_chapter_follows(runs, "language", made[1])


@pytest.mark.parametrize("format", ["html", "pdf", "md"])
def test_the_chapter_is_written(runs: Path, tmp_path: Path, format: str) -> None:
    path = write_report(runs, tmp_path, "fr", format)
    assert path.stat().st_size > 10_000


# What it declares


def test_settings_stand_in_the_command() -> None:
    by_name = {need.name: need for need in DECLARED}
    told = by_name["language/laptop-clm"].command
    assert told.startswith("epoque run language/laptop-clm --")
    assert "--epochs 3" in told
    assert by_name["language/tiny-clm"].command == "epoque run language/tiny-clm"
    assert by_name["language-parts"].command == (
        "epoque sweep language/study-causal optimizer=adamw,muon head=full,sampled "
        "architecture=gpt2,modern"
    )


def test_every_setting_is_given_the_same_time() -> None:
    timed = ("language-parts", "language-rates", "laptop-minute")
    minute = [need for need in DECLARED if need.name in timed]
    seconds = {need.config().max_seconds for need in minute}  # type: ignore[attr-defined]
    assert seconds == {60}
    lab = find_lab("language")
    assert lab.needs(lab.config_class()).cores is None  # so they are trained one after another


def test_a_run_may_ship_measured(runs: Path, tmp_path: Path, monkeypatch: Any) -> None:
    need = next(n for n in needs_module.chapter_needs("language") if "laptop" in n.recipe)
    none = tmp_path / "none"
    assert not find_needs(none, [need])
    monkeypatch.setattr(needs_module, "recorded_folder", lambda _: runs)
    assert not find_needs(none, [need])
    shipped = replace(need, recorded=True)
    assert find_needs(none, [shipped])[need.name].path.parent == runs
    monkeypatch.setattr(needs_module, "chapter_needs", lambda _: (shipped,))
    assert missing_needs(none) == []
    assert missing_needs(none, profile="full") == [replace(shipped, recorded=False)]


@pytest.fixture
def tool() -> ModuleType:
    """Return tools/record.py as a module."""
    path = Path(__file__).parents[2] / "tools" / "record.py"
    spec = importlib.util.spec_from_file_location("record", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_what_ships_is_what_the_book_reads(
    runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tool: ModuleType
) -> None:
    shipped = tmp_path / "recorded"
    for module in (tool, needs_module):
        monkeypatch.setattr(module, "recorded_folder", lambda _: shipped)
    needs = needs_module.chapter_needs("language")
    for _ in range(2):  # the second time replaces the first
        for need in needs:
            tool.record(need, needs, runs)
    assert len(list(shipped.iterdir())) == len(needs)
    assert not list(shipped.rglob("checkpoints"))
    assert not list(shipped.rglob("tokenizer*"))
    monkeypatch.setattr(
        needs_module, "chapter_needs", lambda _: [replace(n, recorded=True) for n in needs]
    )
    pages = [
        write_report(folder, tmp_path / name, format="md").read_text().split("\n## ", 2)
        for folder, name in ((tmp_path / "none", "shipped"), (runs, "measured"))
    ]
    assert pages[0][2] == pages[1][2]  # all but the section on where it was measured


def test_what_is_too_large_does_not_ship(
    runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tool: ModuleType
) -> None:
    monkeypatch.setattr(tool, "recorded_folder", lambda _: tmp_path)
    monkeypatch.setattr(tool, "LARGEST", 1000)
    needs = needs_module.chapter_needs("language")
    with pytest.raises(SystemExit, match="is too large to ship"):
        tool.record(needs[0], needs, runs)
    assert not list(tmp_path.iterdir())


# Functions of templates


def tell(runs: Path, folder: Path, text: str, language: str = "en") -> str:
    template = folder / "mine.md"
    template.write_text(text)
    blocks = read_book(runs, language, template=template).blocks
    return plain(blocks[0].children)  # type: ignore[union-attr]


def test_a_metric_by_a_moment(runs: Path, tmp_path: Path) -> None:
    source = 'run("language/laptop-clm")'
    metrics = run_of(runs, "language/laptop-clm").metrics
    after = metrics[metrics["epoch"] == 2]["valid_loss"].item()
    call = f'{{{{ metric({source}, "valid_loss", epoch=2, decimals=4) }}}}'
    assert tell(runs, tmp_path, call) == f"{after:.4f}"
    assert tell(runs, tmp_path, call, "fr") == f"{after:.4f}".replace(".", ",")
    assert tell(runs, tmp_path, call.replace("epoch=2", "epoch=9")) == "–"
    by_step = call.replace("epoch=2", f"iteration={metrics.index[metrics['epoch'] == 2].item()}")
    assert tell(runs, tmp_path, by_step) == f"{after:.4f}"
    first = metrics["valid_perplexity"].dropna().iloc[0]
    call = f'{{{{ until({source}, "valid_perplexity", {first + 1}, clock="tokens") }}}}'
    tokens = metrics["tokens"][metrics["valid_perplexity"] == first].item()
    assert tell(runs, tmp_path, call) == f"{tokens:,.0f}"
    assert tell(runs, tmp_path, call.replace(str(first + 1), "0")) == "–"


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (
            'metric(run("language/tiny-clm"), "loss", day=3)',
            "one moment: iteration, epoch, seconds, tok",
        ),
        ('metric(run("language/tiny-clm"), "loss")', "takes one moment"),
        ('metric(sweep("study-rate"), "loss", epoch=1)', "is a sweep; a run is wanted"),
        ('ranking(run("language/tiny-clm"), "perplexity")', "is one run; a ranking is of a sweep"),
        ('lab_table(sweep("study-rate"), "examples")', "is a sweep; a run is wanted"),
    ],
)
def test_a_mistake_is_told(runs: Path, tmp_path: Path, call: str, words: str) -> None:
    with pytest.raises(UsageError, match=re.escape(words)):
        tell(runs, tmp_path, f"{{{{ {call} }}}}")


def test_a_ranking_has_the_best_on_top(runs: Path) -> None:
    need = next(n for n in needs_module.chapter_needs("language") if n.name == "language-parts")
    sweep = find_needs(runs, [need])[need.name]
    figure = ranking_figure([sweep], "fr", "perplexity", (("muon", "Muon"),), (("P", 432.24),))
    (axes,) = figure.axes
    names = [text.get_text() for text in axes.get_yticklabels()]
    assert names[0] == "Muon · échantillonné · moderne"
    assert names[-1] == "AdamW · softmax entier · GPT-2"
    assert axes.get_ylim()[0] > axes.get_ylim()[1]
    with pytest.raises(UsageError, match="no numbers named architecture"):
        ranking_figure([sweep], "en", "architecture", (), ())


def test_runs_without_a_clock_have_no_timeline(runs: Path, tmp_path: Path) -> None:
    timed = run_of(runs, "language/tiny-clm")
    shutil.copytree(timed.path, tmp_path / timed.id)
    run = Run(tmp_path / timed.id)
    told = json.loads((run.path / "status.json").read_text())
    assert told.pop("timings")["training_seconds"] > 0
    write_json(run.path / "status.json", told)
    with pytest.raises(UsageError, match="has not measured valid_perplexity over seconds"):
        timeline_figure([run], "en", "valid_perplexity", ["Tiny"], ())


def test_reading_these_runs_imports_no_engine(made: tuple[Path, Any], tmp_path: Path) -> None:
    source = 'run("language/laptop-mlm")'
    calls = [f'figure({source}, "{name}")' for name in ("losses", "attention_map", "frequency")]
    calls += [
        f'timeline([{source}], "valid_perplexity", ["x"])',
        f'lab_table({source}, "examples")',
    ]
    calls += ['ranking(sweep("study-causal"), "perplexity")']
    text = "\n\n".join(f"{{{{ {call} }}}}" for call in calls)
    (tmp_path / "mine.md").write_text(text)
    code = """
import sys
from pathlib import Path
from epoque.report import write_report
runs, folder = map(Path, sys.argv[1:])
write_report(runs, folder, template=folder / "mine.md")
print([name for name in ("jax", "torch", "transformers", "datasets") if name in sys.modules])
"""
    words = [sys.executable, "-c", code, str(made[0]), str(tmp_path)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "[]", done.stderr


# The table of examples


def with_examples(folder: Path, objective: str, *examples: Mapping[str, Any]) -> Run:
    text = json.dumps({"objective": objective, "examples": examples})
    (folder / "examples.json").write_text(text, encoding="utf-8")
    return Run(folder)


def test_texts_are_shown_in_one_line(tmp_path: Path) -> None:
    example = {"prompt": " To be\n", "continuation": "\x1b[31m|*a*|\n \nb ", "actual": "a<unk> <b>"}
    run = with_examples(tmp_path, "causal", example, example)
    table = to_table(examples_table(run, "en"), 1, (), "label")
    ((*cells,),) = table.rows
    assert [plain(cell) for cell in cells] == ["To be", "�[31m|*a*| / b", "a <unk> <b>"]
    assert len(table.header) == 3


def test_the_right_candidate_is_set_apart(tmp_path: Path) -> None:
    words = [("cat", 0.5), ("dog", 0.254), ("it", 0.001)]
    candidates = [{"word": word, "probability": p} for word, p in words]
    example = {"sentence": "a [MASK] .", "actual": "dog", "candidates": candidates}
    run = with_examples(tmp_path, "masked", example)
    ((sentence, hidden, guesses),) = to_table(examples_table(run, "fr"), 4, (), "label").rows
    assert plain(sentence) == "a [MASK] ."
    assert isinstance(hidden[0], Emphasis)
    assert plain(guesses).replace("\u202f", " ") == "cat 50 %, dog 25 %, it 0 %"
    assert [plain((piece,)) for piece in guesses if isinstance(piece, Strong)] == ["dog"]


def test_a_run_without_examples(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match=r"examples\.json"):
        examples_table(Run(tmp_path), "en")
