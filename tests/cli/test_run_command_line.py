"""The command line, run for real in a process of its own."""

import json
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from warm import epoque

from epoque.bench.command_line import build_command_line
from epoque.bench.recipes import find_recipe
from epoque.gan2d.config import Gan2dConfig
from epoque.neuron.config import NeuronConfig

ENGINES = ("jax", "torch", "transformers", "matplotlib")


def tell(words: str, cwd: Path) -> str:
    """Run a command line that must be refused: exit code 2, one sentence, no traceback."""
    done = epoque(*words.split(), cwd=cwd)
    assert done.returncode == 2, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    return done.stderr


@pytest.mark.parametrize("words", [["--help"], ["list"], ["run", "neuron/and", "--help"]])
def test_help_imports_no_engine(words: list[str], tmp_path: Path) -> None:
    code = (
        "import sys; from epoque.cli import main\n"
        f"try: main({words!r})\nexcept SystemExit: pass\n"
        f"print([m for m in {ENGINES!r} if m in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stderr.strip() == "[]"
    assert "neuron" in done.stdout


def test_the_first_help_imports_no_config(tmp_path: Path) -> None:
    """What describes settings takes longer to import than all the rest of the command line."""
    code = (
        "import sys; from epoque.cli import main\n"
        "try: main(['--help'])\nexcept SystemExit: pass\n"
        "print([m for m in ('pydantic', 'sqlite3', 'yaml') if m in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stderr.strip() == "[]"


def test_the_paragraphs_of_help_are_broken_once(tmp_path: Path) -> None:
    """Broken where the source is and again by the terminal, a line would be a word."""
    code = (
        "from epoque.cli import build_app\n"
        "def walk(app):\n"
        "    for sub in app.subapps: yield from (sub, *walk(sub))\n"
        "for lab in ('gan2d', 'language', 'neuron', 'stylegan3'):\n"
        "    for app in walk(build_app([lab])):\n"
        "        if app.name[0].startswith('install-'): continue\n"  # cyclopts' own
        "        for text in app.help.split('\\n\\nArgs:')[0].split('\\n\\n'):\n"
        "            print(text.count('\\n'), app.name, text)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    paragraphs = done.stdout.splitlines()
    assert len(paragraphs) > 80
    assert [text for text in paragraphs if not text.startswith("0 ")] == []
    shown = epoque("language", "generate", "--help", cwd=tmp_path, COLUMNS="500").stdout
    assert " always takes the likeliest, which " in shown
    assert "\n\nExamples: `epoque language generate last " in shown


def test_files_are_shown_as_files(tmp_path: Path) -> None:
    shown = epoque("run", "language/laptop-clm", "--help", cwd=tmp_path, COLUMNS="300").stdout
    assert "folders, or none. Takes a list such as a.txt,b.txt." in shown
    shown = epoque("run", "stylegan3/tiny", "--help", cwd=tmp_path, COLUMNS="300").stdout
    assert "a list such as 4,2 in which each is one of" not in shown


def test_list_names_every_recipe_in_both_languages(tmp_path: Path) -> None:
    english = json.loads(epoque("list", "--json", cwd=tmp_path).stdout)
    french = json.loads(epoque("list", "--json", "--lang", "fr", cwd=tmp_path).stdout)
    names = {recipe["name"] for recipe in english}
    assert {"neuron/and", "neuron/and-slow", "neuron/and-fast", "neuron/and-short"} <= names
    assert {"neuron/or", "neuron/xor", "neuron/xor-mlp"} <= names
    assert all(a["title"] != b["title"] for a, b in zip(english, french, strict=True))


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("run neuron/adn", "There is no recipe 'neuron/adn'. Did you mean neuron/and"),
        ("run neuron/and --lerning-rate 1", "Did you mean --learning-rate?"),
        ("run neuron/and --learning-rate 0", "--learning-rate: 0 is not allowed"),
        ("run neuron/and --learning-rate -1", "--learning-rate: -1 is not allowed"),
        ("run neuron/and --learning-rate nan", "--learning-rate: nan is not allowed"),
        ("run neuron/and --learning-rate 1e400", "--learning-rate: 1e400 is not allowed"),
        ("run neuron/and --truth-table 011", "--truth-table: 011 has 3 symbols"),
        ("run neuron/and --truth-table 01x0", "--truth-table: 01x0 is neither a gate"),
        ("run neuron/and --truth-table nadn", "Did you mean nand"),
        ("run neuron/and --quiet --json", "--quiet and --json exclude each other"),
        ("run neuron/and --log tensorbord", "tensorbord"),
        ("rnu neuron/and", 'Did you mean "run"?'),
        ("resume nothing", "There is no run 'nothing'"),
        ("runs show nothing", "There is no run 'nothing'"),
        ("schema neurn", "There is no lab 'neurn'. Did you mean neuron?"),
        ("sweep neuron/and", "axis"),
        ("sweep neuron/and lerning_rate=1,2", "Did you mean learning_rate?"),
        ("sweep neuron/and learning_rate=0:1:log:5", "epoque: learning_rate: in 0:1:log:5, 0 is"),
        (
            "run gan2d/ring --generator.learning-rate 1",
            "Unknown option: --generator.learning-rate. Did you mean "
            "--generator.optimizer.learning-rate?",
        ),
        (
            "run gan2d/ring --generator.optimizer.learning-rate 0",
            "--generator.optimizer.learning-rate: 0 is not allowed; it takes a finite number",
        ),
        ("run gan2d/ring --generator 5", "Unknown option: --generator."),
        (
            "run gan2d/ring --changes 5:generator.optimizer=adam",
            "--changes: generator.optimizer: adam is not allowed; it holds settings",
        ),
        (
            "sweep gan2d/ring generator.learning_rate=1,2",
            "generator.learning_rate: no such setting. Did you mean "
            "generator.optimizer.learning_rate?",
        ),
        ("sweep gan2d/ring generator=1,2", "generator: 1,2 is not allowed; it holds settings"),
        ("report --format odt", "--format: odt is not allowed"),
        ("report --lang de", 'Invalid value "de" for --lang'),
        ("run missing.yaml", "There is no recipe file 'missing.yaml'"),
        ("run neuron/and extra", "extra: no such argument is taken here."),
        ("run neuron/and --[/x]", "Unknown option: --[/x]."),
        ("sweep neuron/and seed=0:2 --workers -1", "workers: -1 is not allowed"),
        ("sweep neuron/and seed=0:2 --on kubernetes", "There is no executor 'kubernetes'. There"),
        ("sweep neuron/and seed=0:2 --on local:0", "on: local:0 is not allowed; local takes no"),
        ("sweep neuron/and seed=0:2 --retries -1", "--retries: -1 is not allowed; it takes"),
        ("sweep neuron/and seed=0:2 --deadline 0", "--deadline: 0 is not allowed; it takes"),
        ("sweep neuron/and seed=0:2 --keep-runs some", '"some" for --keep-runs. Choose from'),
        (
            "search neuron/xor-mlp learning_rate=1,2 --trial-batch 0",
            "--trial-batch: 0 is not allowed; it",
        ),
    ],
)
def test_bad_input_is_one_sentence(words: str, sentence: str, tmp_path: Path) -> None:
    assert sentence in tell(words, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    message = tell("run neuron/and --learning-rate 0 --iterations x --truth-table 2", tmp_path)
    assert len(message.splitlines()) == 3


def test_a_malformed_recipe_says_where(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text("lab: neuron\nconfig:\n  truth_table: [0\n")
    assert "own.yaml is not valid YAML at line" in tell("run own.yaml", tmp_path)


def test_a_recipe_with_an_unknown_setting_is_named_as_it_is_spelt(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text("lab: neuron\nconfig:\n  learning-rate: 2\n")
    sentence = (
        "own.yaml, line 3, column 18: there is no setting 'learning-rate' in lab neuron. Did you"
    )
    assert sentence in tell("run own.yaml", tmp_path)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (
            "  generator:\n    layer: 4\n",
            "line 4, column 12: there is no setting 'generator.layer' in lab gan2d. Did you mean "
            "generator.layers?",
        ),
        (
            "  generator:\n    optimizer: {learning_rate: -1}\n",
            "line 4, column 32: generator.optimizer.learning_rate: -1 is not allowed",
        ),
        ("  generator.layers: 4,x\n", "line 3, column 21: generator.layers: 4,x is not allowed"),
        ("  generator: 5\n", "line 3, column 14: generator: 5 is not allowed; it holds settings"),
        (
            "  generator:\n    layers: 4\n  generator.layers: 5\n",
            "line 5, column 21: generator.layers: it is given twice.",
        ),
        (
            "  d_steps: {first: 1}\n",
            "line 3, column 20: there is no setting 'd_steps.first' in lab gan2d",
        ),
    ],
)
def test_a_recipe_says_where_a_setting_of_a_part_is_wrong(
    settings: str, sentence: str, tmp_path: Path
) -> None:
    (tmp_path / "own.yaml").write_text(f"lab: gan2d\nconfig:\n{settings}")
    assert f"own.yaml, {sentence}" in tell("run own.yaml", tmp_path)


def test_help_shows_the_settings_of_a_part_with_their_own_defaults(tmp_path: Path) -> None:
    shown = " ".join(epoque("run", "gan2d/ring", "--help", cwd=tmp_path).stdout.split())
    for role, layers in (("generator", "10,10"), ("discriminator", "9,9,9")):
        after = shown.partition(f"--{role}.layers LIST")[2]
        assert after.partition("--")[0].count(layers) == 1 + (layers == "10,10")  # in the text too


def test_the_command_of_settings_in_parts_repeats_them() -> None:
    recipe = find_recipe("gan2d/ring")
    changes = {"generator.optimizer.learning_rate": 0.5, "discriminator.layers": (3, 2)}
    config = Gan2dConfig.with_overrides(recipe.config, changes)
    words = shlex.split(build_command_line("run", "gan2d/ring", config))
    assert words[3:] == [
        "--generator.optimizer.learning-rate", "0.5", "--discriminator.layers", "3,2"
    ]  # fmt: skip


def test_json_prints_the_events(tmp_path: Path) -> None:
    done = epoque("run", "neuron/and-short", "--json", "--no-figures", cwd=tmp_path)
    events = [json.loads(line) for line in done.stdout.splitlines()]
    steps = [event["step"] for event in events if event["event"] == "metrics"]
    assert done.returncode == 0, done.stderr
    assert steps == list(range(1, 51))


def test_run_show_compare_export_delete(tmp_path: Path) -> None:
    for words in (["--seed", "1"], ["--seed", "2", "--no-figures"]):
        made = epoque("run", "neuron/and-short", *words, "--quiet", cwd=tmp_path)
        assert (made.returncode, made.stdout) == (0, ""), made.stderr
    first, second = (p.name for p in sorted((tmp_path / "runs").iterdir()))
    shown = json.loads(epoque("runs", "show", first, "--json", cwd=tmp_path).stdout)
    assert (shown["config"]["seed"], shown["state"]) == (1, "finished")
    rows = json.loads(epoque("runs", "compare", first, second, "--json", cwd=tmp_path).stdout)
    assert rows["rows"]["seed"] == [1, 2]
    assert epoque("runs", "compare", first, second, "--out", "both", cwd=tmp_path).returncode == 0
    assert (tmp_path / "both.png").stat().st_size > 10_000
    for name in ("a.zip", "a.csv", "a.parquet"):
        assert epoque("runs", "export", first, "--to", name, cwd=tmp_path).returncode == 0
        assert (tmp_path / name).stat().st_size > 0
    assert "--yes" in tell(f"runs delete {first}", tmp_path)
    assert epoque("runs", "delete", first, "--yes", cwd=tmp_path).returncode == 0
    assert [p.name for p in (tmp_path / "runs").iterdir() if p.name[0] != "."] == [second]


def test_runs_folder_from_the_option_and_the_variable(tmp_path: Path) -> None:
    words = ("run", "neuron/and-short", "--quiet", "--no-figures")
    epoque(*words, "--runs", "here", cwd=tmp_path)
    epoque(*words, cwd=tmp_path, EPOQUE_RUNS="there")
    assert len(list((tmp_path / "here").iterdir())) == 1
    assert len(list((tmp_path / "there").iterdir())) == 1


def test_an_empty_variable_is_as_good_as_none(tmp_path: Path) -> None:
    epoque("run", "neuron/and-short", "--quiet", "--no-figures", cwd=tmp_path, EPOQUE_RUNS="")
    assert [p.name for p in tmp_path.iterdir()] == ["runs"]


@pytest.mark.parametrize(
    ("name", "told_as", "code"),
    [("SIGINT", "Ctrl-C (SIGINT)", 130), ("SIGTERM", "SIGTERM", 143), ("SIGHUP", "SIGHUP", 129)],
)
def test_an_interrupted_run_says_how_to_go_on(
    name: str, told_as: str, code: int, tmp_path: Path
) -> None:
    words = ["run", "neuron/and", "--iterations", "10000000", "--json"]
    with subprocess.Popen(
        [sys.executable, "-m", "epoque", *words],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stderr is not None
        while '"metrics"' not in process.stdout.readline():
            pass
        process.send_signal(getattr(signal, name))
        process.stdout.read()
        told = process.stderr.read()
    (run,) = (tmp_path / "runs").iterdir()
    step = max(int(path.stem[5:]) for path in run.glob("checkpoints/*.json"))
    how = f"`epoque resume runs/{run.name}` goes on from the checkpoint of step {step}."
    assert f"epoque: stopped by {told_as}; {how}\n" in told
    assert process.returncode == code


def test_options_may_stand_before_the_recipe_and_names_hold_brackets(tmp_path: Path) -> None:
    folder = tmp_path / "a[/b]"  # rich would take it for markup
    words = ["run", "--runs", str(folder), "--no-figures", "neuron/and-short", "--seed", "3"]
    done = epoque(*words, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert str(folder) in done.stdout
    assert len(list(folder.iterdir())) == 1


def test_deleting_takes_only_runs_that_were_named(tmp_path: Path) -> None:
    epoque("run", "neuron/and-short", "--quiet", "--no-figures", cwd=tmp_path)
    model = tmp_path / "model"
    model.mkdir()
    (model / "config.json").write_text("{}")
    for name in ("", "./model"):
        done = epoque("runs", "delete", name, "--yes", cwd=tmp_path)
        assert (done.returncode, "Traceback" in done.stderr) == (2, False), done.stderr
    assert model.is_dir()
    assert len(list((tmp_path / "runs").iterdir())) == 1
    assert epoque("runs", "delete", "last", "last", "--yes", cwd=tmp_path).returncode == 0


def test_a_list_of_damaged_runs_can_be_filtered(tmp_path: Path) -> None:
    (tmp_path / "runs" / "one").mkdir(parents=True)
    (tmp_path / "runs" / "one" / "config.json").write_text("{")
    done = epoque("runs", "list", "--recipe", "neuron/or", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "There are no runs of neuron/or" in done.stdout
    rows = json.loads(epoque("runs", "list", "--json", cwd=tmp_path).stdout)
    assert [row["state"] for row in rows] == ["damaged"]


def test_no_figures_draws_none(tmp_path: Path) -> None:
    epoque("run", "neuron/and-short", "--quiet", "--no-figures", cwd=tmp_path)
    assert list(tmp_path.glob("runs/*/figures/*")) == []


def test_an_own_recipe_keeps_its_leading_zero(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text(
        "lab: neuron\nconfig:\n  truth_table: 0110\n  iterations: 20\n"
    )
    done = epoque("run", "own.yaml", "--quiet", "--no-figures", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (config,) = tmp_path.glob("runs/*-own/config.json")
    assert json.loads(config.read_text())["config"]["truth_table"] == "0110"


def test_the_command_of_an_own_recipe_needs_no_file() -> None:
    config = NeuronConfig(truth_table="0110", iterations=20)
    words = shlex.split(build_command_line("run", "own", config))
    assert words[:2] == ["epoque", "run"]
    assert words[2].startswith("neuron/")
    given = dict(zip(words[3::2], words[4::2], strict=True))
    fields = {name[2:].replace("-", "_"): value for name, value in given.items()}
    assert NeuronConfig.parse({**find_recipe(words[2]).config, **fields}) == config


def test_settings_of_a_recipe_give_way_to_options(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text(
        "lab: neuron\nconfig:\n  model: mlp\n  hidden_layers: 3\n  iterations: 2\n"
    )
    words = "run own.yaml --model perceptron --no-figures"
    refused = tell(f"{words} --loss hinge", tmp_path)
    assert refused.splitlines() == [
        "epoque: --loss: hinge would be ignored with model perceptron; it goes with model mlp."
    ]
    done = epoque(*words.split(), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (config,) = tmp_path.glob("runs/*-own/config.json")
    assert json.loads(config.read_text())["config"]["hidden_layers"] == [2]
    (tmp_path / "own.yaml").write_text("lab: neuron\nconfig:\n  hidden_layers: 3\n")
    sentence = "own.yaml, line 3, column 18: hidden_layers: 3 would be ignored"
    assert sentence in tell("run own.yaml --seed 1", tmp_path)


def test_doctor_and_schema(tmp_path: Path) -> None:
    checks = json.loads(epoque("doctor", "--json", cwd=tmp_path).stdout)
    names = {check["name"] for check in checks}
    assert {"Python", "JAX device", "PyTorch device", "folder of runs"} <= names
    assert all(check["advice"] for check in checks if check["state"] != "ok")
    assert {check["group"] for check in checks} == {"feature", "system", "package"}
    schema = json.loads(epoque("schema", "neuron", "--lang", "fr", cwd=tmp_path).stdout)
    assert schema["properties"]["learning_rate"]["title"] == "Taux d’apprentissage"


def test_doctor_tells_what_works_rather_than_packages(tmp_path: Path) -> None:
    english, french = (
        epoque("doctor", "--lang", language, cwd=tmp_path).stdout for language in ("en", "fr")
    )
    assert english.splitlines()[1:2] == ["What works here"]
    assert french.splitlines()[1:2] == ["Ce qui marche ici"]
    assert len(english.splitlines()) == len(french.splitlines()) < 35
    assert "pydantic" not in english
    whole = epoque("doctor", "--packages", cwd=tmp_path).stdout
    assert "pydantic" in whole
    assert "fastapi [studio]" in whole


def test_list_writes_minutes_as_the_language_does(tmp_path: Path) -> None:
    english, french = (
        epoque("list", "--lang", language, cwd=tmp_path).stdout for language in ("en", "fr")
    )
    assert f"{find_recipe('gan2d/ring').minutes:g}\u00a0min" in english
    assert not re.search(r"\d\.\d+\smin", french)
    assert re.search(r"\d,\d+\smin", french)


@pytest.mark.parametrize("words", ["list", "sweep neuron/and seed=0:2"])
def test_processes_started_together_share_a_run_and_nothing_else(
    words: str, tmp_path: Path
) -> None:
    for rank, who in (("0", "epoque: "), ("1", "epoque (process 1): ")):
        done = epoque(*words.split(), cwd=tmp_path, RANK=rank, WORLD_SIZE="2")
        assert done.returncode == 2
        assert done.stderr.startswith(f"{who}2 processes were started together; only `epoque run`")
    assert list(tmp_path.iterdir()) == []


def test_only_the_first_process_writes_a_run(tmp_path: Path) -> None:
    done = epoque("run", "neuron/and-short", cwd=tmp_path, RANK="1", WORLD_SIZE="2")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert list(tmp_path.iterdir()) == []
    told = {"RANK": "0", "WORLD_SIZE": "2"}
    done = epoque("run", "neuron/and-short", "--no-figures", cwd=tmp_path, **told)
    assert done.returncode == 0, done.stderr
    (run,) = (tmp_path / "runs").iterdir()
    assert json.loads((run / "environment.json").read_text())["processes"] == 2
    done = epoque("resume", "last", cwd=tmp_path, RANK="1", WORLD_SIZE="2")
    assert "process 1): " in done.stderr
    assert "already finished" in done.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shell_completion_is_written(shell: str, tmp_path: Path) -> None:
    done = epoque(
        "--install-completion", "--shell", shell, "--output", str(tmp_path / "made"), cwd=tmp_path,
        HOME=str(tmp_path),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "epoque" in (tmp_path / "made").read_text()


def test_sweeps_are_listed_resumed_and_deleted_by_name(tmp_path: Path) -> None:
    made = epoque("sweep", "neuron/and-short", "seed=0:3", "--quiet", cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    (folder,) = (tmp_path / "runs").iterdir()
    expected = (folder / "table.parquet").read_bytes()
    assert folder.name in epoque("runs", "list", cwd=tmp_path).stdout
    assert "already finished" in tell(f"resume {folder.name}", tmp_path)
    status = json.loads((folder / "status.json").read_text())
    (folder / "status.json").write_text(json.dumps({**status, "state": "interrupted"}))
    (folder / "manifest.json").unlink()
    (folder / "table.parquet").unlink()
    resumed = epoque("resume", "and-short-sweep", "--quiet", cwd=tmp_path)
    assert resumed.returncode == 0, resumed.stderr
    assert (folder / "table.parquet").read_bytes() == expected
    assert epoque("runs", "delete", folder.name, "--yes", cwd=tmp_path).returncode == 0
    assert not folder.exists()


def test_a_csv_run_resumes_from_another_folder(tmp_path: Path) -> None:
    (tmp_path / "points.csv").write_text("a,b,class\n0,0,0\n1,1,1\n0,1,0\n")
    words = [
        "run",
        "neuron/and",
        "--data",
        "csv",
        "--csv",
        "points.csv",
        "--iterations",
        "20",
        "--quiet",
    ]
    made = epoque(*words, cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    (folder,) = (tmp_path / "runs").iterdir()
    status = json.loads((folder / "status.json").read_text())
    (folder / "status.json").write_text(json.dumps({**status, "state": "interrupted"}))
    (folder / "manifest.json").unlink()
    (tmp_path / "elsewhere").mkdir()
    resumed = epoque("resume", str(folder), "--quiet", cwd=tmp_path / "elsewhere")
    assert resumed.returncode == 0, resumed.stderr
