import json
import shlex
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from hub_server import point_at
from transformers import AutoModelForCausalLM, AutoModelForMaskedLM, AutoTokenizer

from epoque import language
from epoque.bench.errors import ConfigError, UsageError
from epoque.bench.runs.execute import execute, start
from epoque.bench.runs.run import Run
from epoque.cli import main
from epoque.language.commands import _replace_controls
from epoque.language.config import LanguageConfig
from epoque.language.evaluation.score import measure_perplexity, score_text
from epoque.language.generation.generate import generate
from epoque.language.generation.sampling import Sampling
from epoque.language.hub.model_card import _is_folder
from epoque.language.hub.open_model import open_model
from epoque.language.lab import LAB
from epoque.language.models import Model
from epoque.language.training.checkpoint import restore_model

Train = Callable[..., Run]
WHO = ("the cat", "a dog", "the old king", "my sister", "nobody", "the river")
WHAT = ("the house", "a green hill", "the sea", "bread", "another day", "the end")
PROMPT = "the cat sees"


@pytest.fixture(scope="module")
def causal(train_run: Train) -> Run:
    return train_run(max_steps=250, width=32, learning_rate=0.02)


@pytest.fixture(scope="module")
def masked(train_run: Train) -> Run:
    return train_run(objective="masked", max_steps=250, width=32, learning_rate=0.02)


@pytest.fixture(scope="module")
def both(causal: Run, masked: Run) -> dict[str, str]:
    """Return the folders of both runs by the names they have below."""
    return {"CAUSAL": str(causal.path), "MASKED": str(masked.path)}


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Run a command of the lab and return what it prints."""

    def run(*words: Any) -> str:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(["language", *map(str, words)])
        printed = capsys.readouterr()
        assert ended.value.code in (0, None), printed.err
        return printed.out

    return run


@pytest.fixture
def refused(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    """Run a command that fails; return its exit code and its one sentence."""

    def run(*words: Any) -> tuple[int, str]:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(["language", *map(str, words)])
        printed = capsys.readouterr()
        assert printed.out == ""
        assert printed.err.startswith("epoque: ")
        assert printed.err.count("\n") == 1
        return int(ended.value.code or 0), printed.err.removeprefix("epoque: ").strip()

    return run


def test_generate_streams_what_the_library_generates(causal: Run, told: Callable[..., str]) -> None:
    options = ("--top-p", "0.9", "--max-tokens", "30", "--seed", "5")
    found = told("generate", causal.path, PROMPT, *options)
    model, tokenizer = restore_model(causal)
    sampling = Sampling(top_p=0.9, max_tokens=30, seed=5, context=16)
    (text,) = generate(model, tokenizer, [PROMPT], sampling)
    assert found == f"{PROMPT}{_replace_controls(text)}\n"
    assert told("generate", causal.path, PROMPT, *options) == found
    made = json.loads(told("generate", causal.path, PROMPT, "a dog", *options, "--json"))
    assert made["texts"][0] == {"prompt": PROMPT, "continuation": text}
    assert made["sampling"]["seed"] == 5
    both = told("generate", causal.path, PROMPT, "a dog", *options)
    assert both.startswith(f"{PROMPT}{_replace_controls(text)}\n\na dog")


def test_the_trained_model_writes_the_language_it_learned(
    causal: Run, told: Callable[..., str]
) -> None:
    """Its sentences have three parts; see `sentences` beside the fixtures."""
    for options in (("--temperature", "0"), ("--beams", "3")):
        found = told("generate", causal.path, "the cat", *options, "--max-tokens", "40")
        lines = found.splitlines()[:-1]
        assert len(lines) > 1
        for line in lines:
            assert any(line.startswith(who) for who in WHO), line
            assert any(line.endswith(f"{what} .") for what in WHAT), line


def test_fill_mask_perplexity_and_score(
    causal: Run, masked: Run, texts: dict[str, Any], told: Callable[..., str]
) -> None:
    found = told("fill-mask", masked.path, "the [MASK] sees the house .", "--top", "3")
    rows = found.splitlines()
    assert len(rows) == 4
    assert all("sees the house" in row for row in rows[1:])
    (place,) = json.loads(told("fill-mask", masked.path, "[MASK] dog", "--json"))
    assert sum(row["probability"] for row in place) <= 1
    for run in (causal, masked):
        opened = open_model(str(run.path))
        sentence = "the cat sees the house ."
        scored = json.loads(told("score", run.path, sentence, "--json"))
        wanted = score_text(opened.model, opened.tokenizer, sentence)
        assert scored["perplexity"] == pytest.approx(wanted.perplexity)
        assert "".join(row["token"] for row in scored["tokens"]).replace(" ", "") == (
            sentence.replace(" ", "")
        )
        assert (scored["tokens"][0]["log_probability"] is None) == opened.model.causal
        assert "perplexity" in told("score", run.path, sentence)
        file = texts["valid_files"][0]
        measured = json.loads(told("perplexity", run.path, file, "--json", "--first", "200"))
        lines = [f"{line}\n" for line in Path(file).read_text().splitlines()]
        direct = measure_perplexity(opened.model, opened.tokenizer, lines, context=16, first=200)
        assert measured["per_token"] == pytest.approx(direct.per_token)
        assert measured["tokens"] == 200
    assert "bits per byte" in told("perplexity", causal.path, file)


def test_perplexity_of_the_validation_file_is_about_that_of_the_run(
    causal: Run, texts: dict[str, Any], told: Callable[..., str]
) -> None:
    """Windows that overlap see more than blocks side by side: at least as good, and near."""
    found = json.loads(told("perplexity", causal.path, texts["valid_files"][0], "--json"))
    wanted = causal.results
    assert 0.7 < found["per_token"] / wanted["perplexity"] < 1.05
    assert 0.9 < found["bits_per_byte"] / wanted["bits_per_byte"] < 1.05


@pytest.mark.parametrize("objective", ["causal", "masked"])
def test_transformers_opens_what_save_writes(
    objective: str, request: Any, tmp_path: Path, told: Callable[..., str]
) -> None:
    run: Run = request.getfixturevalue(objective)
    folder = tmp_path / "my-model"
    printed = told("save", run.path, folder, "--licence", "mit")
    assert "model.safetensors" in printed
    kind = {"causal": AutoModelForCausalLM, "masked": AutoModelForMaskedLM}[objective]
    theirs, tokenizer = kind.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
    ours, _tokenizer = restore_model(run)
    ids = tokenizer(PROMPT, return_tensors="pt")["input_ids"]
    with torch.no_grad():
        torch.testing.assert_close(theirs.eval()(ids).logits, ours(ids), rtol=1e-4, atol=1e-5)
    opened = open_model(str(folder))
    assert opened.context == 16
    torch.testing.assert_close(opened.model(ids), ours(ids))
    card = (folder / "README.md").read_text()
    header = yaml.safe_load(card.split("---\n")[1])
    assert header["license"] == "mit"
    assert (
        header["model-index"][0]["results"][0]["metrics"][0]["value"] == (run.results["perplexity"])
    )
    assert f"{run.results['parameters']:,} parameters" in card
    told = yaml.safe_load(card.split("```yaml\n")[1].split("```")[0])
    assert told.pop("train_files") == ["train.txt"]
    for name in ("valid_files", "test_files"):
        told.pop(name)
    assert told == {name: run.metadata["config"][name] for name in told}
    assert str(folder.parent) not in card  # where they lay is nobody else's business
    assert f"{kind.__name__}.from_pretrained" in card
    assert "trained from scratch on train.txt with" in card
    assert "layers 1, width 32, heads 2, feed-forward neurons 128" in card
    assert "- Text: the author's own files: train.txt" in card
    repeat = shlex.split(card.split("```sh\n")[1].split("\n```")[0])
    assert repeat[:2] == ["epoque", "run"]
    assert repeat[repeat.index("--max-steps") + 1] == "250"


def test_the_card_says_what_its_author_says(
    causal: Run, tmp_path: Path, told: Callable[..., str]
) -> None:
    words = ("--language", "en", "--language", "fr", "--dataset", "Salesforce/wikitext")
    told("save", causal.path, tmp_path / "saved", *words)
    card = (tmp_path / "saved" / "README.md").read_text()
    header = yaml.safe_load(card.split("---\n")[1])
    assert (header["language"], header["datasets"]) == (["en", "fr"], ["Salesforce/wikitext"])
    assert "](http" not in card  # no link that might not resolve
    told("save", causal.path, tmp_path / "other")
    header = yaml.safe_load((tmp_path / "other" / "README.md").read_text().split("---\n")[1])
    assert not {"language", "datasets"} & set(header)
    with pytest.raises(ConfigError, match="language: it goes into the model card of a run"):
        language.push(str(tmp_path / "saved"), "a/b", language="en", dry_run=str(tmp_path / "dry"))


def test_the_dry_run_of_a_run_is_what_save_writes_under_the_name_on_the_hub(
    causal: Run, tmp_path: Path, told: Callable[..., str]
) -> None:
    told("save", causal.path, tmp_path / "saved")
    told("push", causal.path, "ada/small", "--dry-run", tmp_path / "dry")
    for file in (tmp_path / "saved").iterdir():
        data = (tmp_path / "dry" / file.name).read_bytes()
        if file.name == "README.md":
            assert data.decode() == file.read_text().replace("saved", "ada/small")
        else:
            assert data == file.read_bytes()
    assert len(list((tmp_path / "dry").iterdir())) == len(list((tmp_path / "saved").iterdir()))


def test_nothing_that_is_pushed_names_a_folder_of_the_authors(
    tiny: Callable[..., LanguageConfig], causal: Run, tmp_path: Path, told: Callable[..., str]
) -> None:
    """Neither of the texts nor of the tokenizer, which may be gone by then."""
    place = tmp_path / "attic" / "cellar"
    (place / "words").mkdir(parents=True)
    restore_model(causal)[1].save_pretrained(place / "words")
    config = tiny(max_steps=1, vocabulary=25_000, tokenizer=str(place / "words"))
    files = {f"{kind}_files": [str(place / f"{kind}.txt")] for kind in ("train", "valid", "test")}
    for name, (file,) in files.items():
        shutil.copy(getattr(config, name)[0], file)
    run = execute(start(LAB, config.replace(**files), "language/0", tmp_path / "runs"), draw=False)
    shutil.rmtree(place)
    told("push", run.path, "ada/small", "--dry-run", tmp_path / "dry", "--runs", tmp_path / "runs")
    pushed = list((tmp_path / "dry").iterdir())
    assert {"README.md", "epoque.json", "tokenizer_config.json"} < {file.name for file in pushed}
    for file in pushed:
        data = file.read_bytes()
        assert b"cellar" not in data, file.name
        assert b"attic" not in data, file.name
    manifest = json.loads((tmp_path / "dry" / "epoque.json").read_text())
    assert manifest["config"]["train_files"] == ["train.txt"]
    assert manifest["config"]["tokenizer"] == "words"
    assert manifest["config"]["width"] == 16


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("./mine", True), ("~/mine", True), ("/a/mine", True), ("a/b/mine", True), ("here", True),
        ("gpt2", False), ("bert-base-uncased", False), ("openai-community/gpt2", False),
    ],
)  # fmt: skip
def test_a_tokenizer_of_the_hub_keeps_its_owners_name(
    name: str, folder: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path)
    assert _is_folder(name) == folder


@pytest.mark.parametrize("kind", ["causal", "masked"])
def test_a_look_into_a_model(kind: str, causal: Run, masked: Run, told: Callable[..., str]) -> None:
    run = {"causal": causal, "masked": masked}[kind]
    printed = told("look", run.path, PROMPT)
    for heading in ("Where each token looks most", "What it would say", "like embeddings"):
        assert heading in printed
    content = json.loads(told("look", run.path, PROMPT, "--top", "2", "--json"))
    attention = torch.tensor(content["attention"])
    assert attention.shape == (1, 2, *[len(content["tokens"])] * 2)
    torch.testing.assert_close(attention.sum(-1), torch.ones(attention.shape[:-1]))
    guesses = content["lens"]["guesses"]
    assert (len(guesses), len(guesses[0]), len(guesses[0][0])) == (2, len(content["tokens"]), 2)
    assert all(len(near) == 2 for near in content["neighbours"].values())


def test_models_are_compared_by_words_and_bytes(
    causal: Run, train_run: Train, told: Callable[..., str], tmp_path: Path
) -> None:
    """The better one comes first, whatever its tokenizer."""
    text = tmp_path / "text.txt"
    text.write_text("the cat sees the house .\na dog loves bread .\n" * 5)
    other = train_run(vocabulary=280, max_steps=2)
    compared = json.loads(told("compare", text, other.path, causal.path, "--json"))
    assert [each["name"] for each in compared] == [causal.id, other.id]
    assert compared[0]["bytes"] == compared[1]["bytes"] == len(text.read_bytes())
    for each in compared:
        opened = open_model(str((causal if each["name"] == causal.id else other).path))
        alone = measure_perplexity(
            opened.model,
            opened.tokenizer,
            text.read_text().splitlines(keepends=True),
            context=opened.context,
        )
        assert each["bits_per_byte"] == pytest.approx(alone.bits_per_byte)
        assert each["per_word"] == pytest.approx(alone.per_word)
    printed = told("compare", text, other.path, causal.path)
    assert "bits per byte" in printed


def test_an_empty_prompt_begins_a_text(causal: Run, told: Callable[..., str]) -> None:
    """A line of this text begins where the one before it ends."""
    opened = open_model(str(causal.path))
    assert opened.start == opened.tokenizer("a\n")["input_ids"][-1]
    text = told("generate", causal.path, "", "--temperature", "0", "--max-tokens", "6")
    ids = generate(
        opened.model,
        opened.tokenizer,
        [""],
        Sampling(temperature=0, max_tokens=6),
        start=opened.start,
    )
    assert text.strip() == ids[0].strip()
    assert ids[0].split(" ")[0] in {who.split()[0] for who in WHO}


def test_counts_are_mixed_in(causal: Run, masked: Run, told: Callable[..., str]) -> None:
    words = ("generate", causal.path, PROMPT, "--json", "--seed", "5", "--temperature", "2")
    plain, mixed = (json.loads(told(*words, *more)) for more in ((), ("--with-counts",)))
    assert plain["texts"] != mixed["texts"]
    assert mixed["sampling"] == plain["sampling"]
    several = (*words[:3], "a dog", *words[3:], "--with-counts")
    assert json.loads(told(*several))["texts"][0] == mixed["texts"][0]


def test_counts_need_a_run(causal: Run, tmp_path: Path, told: Callable[..., str]) -> None:
    told("save", causal.path, tmp_path / "saved")
    with pytest.raises(ConfigError, match="with_counts: true needs a run"):
        list(language.stream(str(tmp_path / "saved"), "a", with_counts=True))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("generate", "MASKED", "a"), "This model is masked"),
        (("fill-mask", "CAUSAL", "a [MASK]"), "This model is causal"),
        (("fill-mask", "MASKED", "a cat"), "There is no [MASK] in the text."),
        (("fill-mask", "MASKED", ""), "The text is empty."),
        (("score", "CAUSAL", ""), "The text is empty."),
        (("generate", "CAUSAL", "a", "--top-p", "2"), "--top-p: 2 is not allowed"),
        (("generate", "CAUSAL", "a", "--beams", "0"), "--beams: 0 is not allowed"),
        (("perplexity", "CAUSAL", "TMP/missing.txt"), "TMP/missing.txt"),
        (("perplexity", "CAUSAL", "TMP/latin.txt"), "TMP/latin.txt"),
        (("perplexity", "CAUSAL", "TMP/short.txt"), ""),
        (("perplexity", "CAUSAL", "TMP/latin.txt", "--first", "-1"), "--first: -1"),
        (("perplexity", "CAUSAL", "TMP/fine.txt", "--context", "1"), "--context: 1 is not allowed"),
        (("generate", "CAUSAL", "a", "--beams", "4", "--top-p", "0.9"), "--top-p: 0.9 would be"),
        (("generate", "CAUSAL", "a", "--device", "tpu"), "--device: tpu is not allowed; it takes"),
        (("generate", "no-such-run", "a"), "There is no run 'no-such-run'. Nor is there such a"),
        (("generate", "gpt2", "a"), "named owner/name, such as openai-community/gpt2."),
        (("save", "CAUSAL", "TMP"), "is not empty; nothing was written."),
        (("push", "TMP", "ada/small"), "holds no model"),
        (("generate", "TMP", "a"), "holds no model (no config.json); name a run"),
    ],
)
def test_bad_input_is_one_sentence(
    words: tuple[str, ...],
    message: str,
    both: dict[str, str],
    tmp_path: Path,
    refused: Callable[..., tuple[int, str]],
) -> None:
    (tmp_path / "latin.txt").write_bytes("the caf\u00e9\n".encode("latin-1"))
    (tmp_path / "short.txt").write_text("\n")
    (tmp_path / "fine.txt").write_text("the cat sees the house .\n")
    places = {**both, "TMP": str(tmp_path)}
    given = [places.get(word, word.replace("TMP/", f"{tmp_path}/")) for word in words]
    code, sentence = refused(*given)
    assert message.replace("TMP", str(tmp_path)) in sentence
    assert code == (1 if "damaged" in sentence else 2)


def test_a_mistyped_folder_is_told_before_what_the_hub_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: Callable[..., tuple[int, str]]
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
    point_at(monkeypatch, tmp_path, url, None)
    code, sentence = refused("generate", "models/mine", "a")
    beginning = f"There is no run or folder 'models/mine' here, and the Hub at {url} cannot be"
    assert (code, sentence.startswith(beginning)) == (1, True)
    assert sentence.count(". ") == 0
    code, sentence = refused("generate", "my models/mine", "a")
    assert (code, sentence.count("'my models/mine'")) == (2, 2)
    assert "is no name on the Hub" in sentence


@pytest.mark.parametrize(
    ("words", "helps"),
    [
        (("generate", "CAUSAL", "a"), "a smaller --context, fewer --beams or fewer prompts"),
        (("generate", "CAUSAL", "a", "b", "--json"), "a smaller --context, fewer --beams"),
        (("fill-mask", "MASKED", "a [MASK]"), "a shorter text"),
        (("perplexity", "CAUSAL", "FILE"), "a smaller --context"),
        (("score", "MASKED", "a dog"), "a shorter text"),
    ],
)
def test_memory_that_runs_out_names_what_helps(
    words: tuple[str, ...],
    helps: str,
    both: dict[str, str],
    texts: dict[str, Any],
    request: pytest.FixtureRequest,
) -> None:
    refused, patch = map(request.getfixturevalue, ("refused", "monkeypatch"))
    patch.setattr(
        Model, "compute_hidden_states", lambda *_, **__: torch.empty(2**50)
    )  # PyTorch's own error
    places = {**both, "FILE": texts["valid_files"][0]}
    code, sentence = refused(*(places.get(word, word) for word in words))
    assert (code, sentence.startswith(f"Memory ran out: {helps}")) == (2, True)


def test_a_model_computes_on_the_device_that_is_asked_for(causal: Run) -> None:
    assert open_model(str(causal.path)).model.output_weight.device.type == "cpu"
    if not torch.cuda.is_available():
        with pytest.raises(UsageError, match="--device: this machine has no CUDA device"):
            open_model(str(causal.path), device="cuda")
        return
    here, there = (open_model(str(causal.path), device=name) for name in ("cpu", "cuda"))
    assert there.model.output_weight.device.type == "cuda"
    found, wanted = (score_text(o.model, o.tokenizer, PROMPT).perplexity for o in (there, here))
    assert found == pytest.approx(wanted, rel=1e-3)


def test_damaged_and_unfinished_models_are_one_sentence(
    causal: Run, tmp_path: Path, told: Callable[..., str], refused: Callable[..., tuple[int, str]]
) -> None:
    told("save", causal.path, tmp_path / "saved")
    weights = tmp_path / "saved" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    _code, sentence = refused("generate", tmp_path / "saved", "a")
    assert "model.safetensors is cut short or damaged" in sentence
    shutil.copytree(causal.path, tmp_path / "copy")
    for path in (tmp_path / "copy" / "checkpoints").glob("*.safetensors"):
        path.write_bytes(path.read_bytes()[:-100])
    _code, sentence = refused("generate", tmp_path / "copy", "a")
    assert "is damaged" in sentence
    status = json.loads((causal.path / "status.json").read_text())
    (tmp_path / "copy" / "status.json").write_text(json.dumps({**status, "state": "failed"}))
    (tmp_path / "copy" / "manifest.json").unlink()
    code, sentence = refused("save", tmp_path / "copy", tmp_path / "new")
    assert (code, "is not finished" in sentence) == (2, True)
    assert not (tmp_path / "new").exists()


def test_last_is_the_newest_run_of_this_lab(
    causal: Run, tmp_path: Path, refused: Callable[..., tuple[int, str]]
) -> None:
    runs = tmp_path / "runs"
    shutil.copytree(causal.path, runs / "2020-language")
    other = runs / "2021-neuron"
    other.mkdir()
    told = {"format": 1, "lab": "neuron", "recipe": "neuron/and", "config": {}}
    (other / "config.json").write_text(json.dumps(told))
    assert open_model("last", runs).name == "2020-language"
    failed = runs / "2022-language"  # it stopped at once
    skipped = shutil.ignore_patterns("checkpoints")
    shutil.copytree(causal.path, failed, ignore=skipped)
    status = json.loads((failed / "status.json").read_text())
    (failed / "status.json").write_text(json.dumps({**status, "state": "failed"}))
    (failed / "manifest.json").unlink()
    (runs / "2023-damaged").mkdir()
    (runs / "2023-damaged" / "config.json").write_text("{")
    assert open_model("last", runs).name == "2020-language"
    code, sentence = refused("generate", "2022-language", "a", "--runs", runs)
    told = "2022-language stopped before its first checkpoint; `epoque resume 2022-language` begins"
    assert (code, sentence) == (2, f"{told} it again.")
    assert refused("save", "2022-language", tmp_path / "new", "--runs", runs) == (code, sentence)
    shutil.rmtree(runs / "2020-language")
    assert refused("generate", "last", "a", "--runs", runs) == (code, sentence)
    code, sentence = refused("generate", "2021-neuron", "a", "--runs", runs)
    assert (code, sentence) == (2, "2021-neuron is a run of the lab neuron, not of language.")


def test_control_signs_do_not_reach_the_terminal() -> None:
    assert _replace_controls("a\x1b[31mb\x07\tc\nd é") == "a�[31mb�\tc\nd é"


def test_help_needs_no_engine() -> None:
    code = (
        "import sys; from epoque.cli import main\n"
        "try: main(['language', 'generate', '--help'])\n"
        "except SystemExit: pass\n"
        "assert not {'torch', 'transformers', 'datasets', 'numpy'} & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "--temperature" in done.stdout
    assert "greedy" in done.stdout


def test_a_folder_without_a_model_says_what_to_name(
    refused: Callable[..., tuple[int, str]], causal: Run, tmp_path: Path
) -> None:
    (tmp_path / "notes.txt").write_text("words")
    code, told = refused("generate", tmp_path, PROMPT)
    assert code == 2
    assert f"The folder {tmp_path} holds no model (no config.json); name a run" in told
    code, told = refused("generate", causal.path.parent, PROMPT)
    assert code == 2
    assert "it holds runs: name one, such as" in told
