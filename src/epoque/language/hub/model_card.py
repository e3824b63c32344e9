"""The model card: the README.md that a saved or pushed model carries."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from epoque.bench.command_line import build_command_line
from epoque.bench.files.atomic import read_json

from ..config import LanguageConfig
from ..data.corpus import HELD_OUT
from ..data.encoding import LINES_BEGIN_WITH_SPACE
from ..training.estimate import format_duration

if TYPE_CHECKING:
    from epoque.bench.runs.run import Run

__all__ = ["NOTHING", "Statements", "model_card", "without_folders"]

_RESULTS = {
    "final_valid_loss": "Validation loss (nats a token)",
    "final_train_loss": "Training loss (nats a token)",
    "perplexity": "Validation perplexity, per token",
    "perplexity_spread": "Its standard deviation over the masks",
    "perplexity_without_unk": "The same without unknown words",
    "perplexity_per_word": "Validation perplexity, per word",
    "bits_per_byte": "Bits a byte",
    "accuracy": "Share of the tokens that are its first guess",
    "pseudo_perplexity": "Pseudo-perplexity, per token",
    "pseudo_perplexity_per_word": "Pseudo-perplexity, per word",
    "pseudo_bits_per_byte": "Bits a byte by the pseudo-likelihood",
    "test_perplexity": "Test perplexity, per token",
    "unigram_perplexity": "Perplexity of counting alone: single tokens",
    "bigram_perplexity": "Perplexity of counting alone: pairs (Kneser-Ney)",
    "trigram_perplexity": "Perplexity of counting alone: triples (Kneser-Ney)",
    "perplexity_with_counts": "Validation perplexity of the network with these triples mixed in",
    "counts_weight": "Their weight, chosen on training text that the counts left out",
}
_LANGUAGES = {"shakespeare": "en", "wikitext-2": "en", "code-du-travail": "fr"}
_DATASETS = {"wikitext-2": "Salesforce/wikitext"}
_SPACE = (
    " The lines of its text begin with a space, and so must what transformers is given: "
    '`tokenizer(" The")`; Epoque adds it.'
)
_TASKS = {"causal": "text-generation", "masked": "fill-mask"}
_CLASSES = {"causal": "AutoModelForCausalLM", "masked": "AutoModelForMaskedLM"}


@dataclass(frozen=True)
class Statements:
    """What only the author of a model can say of it.

    Attributes:
        license: the licence of the weights as the Hub spells it (`cc-by-sa-4.0`), None if it shall
            not be stated.
        languages: of the text, as the Hub spells them (`en`); empty: those of a named corpus.
        datasets: of the Hub that the text is from, owner/name; empty: the corpus, if it is one.
    """

    license: str | None = None
    languages: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ()


NOTHING = Statements()
"""Of what its author says nothing."""


def model_card(
    run: "Run[LanguageConfig]",
    name: str,
    says: Statements = NOTHING,
    results: Mapping[str, Any] | None = None,
) -> str:
    """Return the model card of a finished run: Markdown under a YAML header.

    Args:
        run: a finished run of the language lab.
        name: what the model is called: `owner/name` on the Hub, or a folder's name.
        says: what its author says.
        results: the run's, where they are not saved yet; the card then tells no times.

    Raises:
        DamagedRunError: if the run's results cannot be read.
    """
    config = run.config
    times = run.status.timings.numbers if results is None else {}
    results = run.results if results is None else results
    parts = (
        f"# {name}",
        _describe_model(results, config),
        _describe_network({**results, **times}, config),
        "## Loading it",
        _loading(config, name, _begins_with_space(run)),
        "## Results",
        "\n".join(_results(results, config)),
        "## Data and licence",
        "\n".join(_data(results, config, says.license)),
        "## Training it again",
        f"```sh\n{build_command_line('run', run.recipe, _share_config(config))}\n```",
        "<details><summary>All settings</summary>",
        f"```yaml\n{_yaml(without_folders(run)['config'])}```",
        "</details>",
    )
    header = _yaml(_header(results, config, name, says))
    return f"---\n{header}---\n\n" + "\n\n".join(parts) + "\n"


def _yaml(value: Mapping[str, Any]) -> str:
    import yaml

    return str(yaml.safe_dump(dict(value), sort_keys=False, allow_unicode=True))


def _header(
    results: Mapping[str, Any], config: LanguageConfig, name: str, says: Statements
) -> dict[str, Any]:
    """Return the metadata that the Hub reads."""
    task = _TASKS[config.objective]
    header: dict[str, Any] = {"library_name": "transformers", "pipeline_tag": task}
    if says.license:
        header["license"] = says.license
    dataset = None
    known = _LANGUAGES.get(config.corpus) if not config.train_files else None
    if languages := says.languages or ((known,) if known else ()):
        header["language"] = list(languages)
    if not config.train_files:
        dataset = _DATASETS.get(config.corpus) or config.corpus.split(":")[0]
    if datasets := says.datasets or ((dataset,) if dataset and "/" in dataset else ()):
        header["datasets"] = list(datasets)
    began = ["trained-from-scratch"] if config.start_from is None else []
    header["tags"] = ["epoque", *began, config.objective, config.architecture]
    if results.get("perplexity") is not None:
        corpus = "files of the author's" if dataset is None else config.corpus
        metric = {"type": "perplexity", "value": results["perplexity"]}
        metric["name"] = "Validation perplexity, per token"
        result = {
            "task": {"type": task},
            "dataset": {"name": corpus, "type": dataset or corpus},
            "metrics": [metric],
        }
        header["model-index"] = [{"name": name, "results": [result]}]
    return header


def _describe_model(results: Mapping[str, Any], config: LanguageConfig) -> str:
    does = {
        "causal": "predicts the next token of a text",
        "masked": "predicts hidden tokens of a text",
    }[config.objective]
    size = f" of {results['parameters']:,} parameters" if "parameters" in results else ""
    text = results.get("corpus_name") or config.corpus
    start = "from scratch"
    if (source := _share_config(config).start_from) is not None:
        start = f"from the weights of {source}"
    knows = "It knows what it has read" if source else "It knows this text and nothing else"
    return (
        f"A language model{size} that {does}, trained {start} on {text} with Epoque, a lab book "
        f"of neural networks. {knows}: what it writes can look right and be wrong."
    )


def _describe_network(results: Mapping[str, Any], config: LanguageConfig) -> str:
    """Return the network and its training in two sentences."""
    kinds = {"gpt2": "GPT-2's architecture", "bert": "BERT's architecture"}
    kind = kinds.get(config.architecture, "A modern architecture (rotary positions, RMSNorm)")
    shape = f"layers {config.layers}, width {config.width:,}, heads {config.heads}"
    text = f"{kind}: {shape}, feed-forward neurons {config.feed_forward_width:,}"
    text += f", tokens seen at once {config.block_size:,}."
    if "tokens" in results:
        passes = f"{results['epoch']:.3g} passes over the text"
        text += f" Trained on {results['tokens']:,} tokens ({passes}), in {results['steps']:,} "
        text += "steps"
        if "training_seconds" in results:
            text += f" and {format_duration(results['training_seconds'])}"
        text += "."
    return text


def _begins_with_space(run: "Run[LanguageConfig]") -> bool:
    """Return whether the lines of the text begin with a space, by the run's tokenizer."""
    path = run.path / "tokenizer_config.json"
    return path.is_file() and read_json(path).get(LINES_BEGIN_WITH_SPACE) is True


def _loading(config: LanguageConfig, name: str, with_space: bool) -> str:
    loader = _CLASSES[config.objective]
    use = {
        "causal": f'epoque language generate {name} "The"',
        "masked": f'epoque language fill-mask {name} "The [MASK] is here."',
    }[config.objective]
    return (
        "```python\n"
        f"from transformers import AutoTokenizer, {loader}\n\n"
        f'tokenizer = AutoTokenizer.from_pretrained("{name}")\n'
        f'model = {loader}.from_pretrained("{name}")\n'
        "```\n\n"
        f"or, with Epoque, `{use}`."
    ) + (_SPACE if with_space else "")


def _results(results: Mapping[str, Any], config: LanguageConfig) -> Iterator[str]:
    if config.objective == "masked":
        yield "All of it over the hidden tokens only; do not compare it with a causal model's.\n"
    yield "| measured | value |\n|---|---|"
    for name, words in _RESULTS.items():
        value = results.get(name)
        same = name == "perplexity_without_unk" and value == results.get("perplexity")
        if isinstance(value, int | float) and not same:
            error = results.get(f"{name}_error")
            cell = _number(value) if error is None else f"{_number(value)} ± {error:.2g}"
            yield f"| {words} | {cell} |"
    if measured := results.get("valid_blocks_measured"):
        yield (
            f"\nMeasured on a sample of {measured:,} of the {results['valid_blocks']:,} blocks of "
            "the validation text; ± is the standard error."
        )
    epochs = results.get("epochs") or ()
    if len(epochs) > 1:
        yield "\n| epoch | training loss | validation loss |\n|---|---|---|"
        for row in epochs:
            values = (row.get("train_loss"), row.get("valid_loss"))
            cells = ("" if value is None else f"{value:.4f}" for value in values)
            yield f"| {row['epoch']:.4g} | {' | '.join(cells)} |"


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def _data(results: Mapping[str, Any], config: LanguageConfig, license: str | None) -> Iterator[str]:
    yield f"- Text: {results.get('corpus_source') or _files(config)}"
    if results.get("corpus_held_out"):
        yield f"- Measured on the last {HELD_OUT:.0%} of it, which it was not trained on"
    if (share := results.get("valid_in_train_share")) is not None:
        yield f"- Of the letters measured on, {share:.1%} are in lines that it was trained on, too"
    yield f"- Licence of the text: {results.get('corpus_licence') or 'not known'}"
    yield f"- Licence of the weights: {license or 'not stated'}"


def _files(config: LanguageConfig) -> str:
    return "files of the author's" if config.train_files else f"`{config.corpus}`"


def without_folders(run: "Run[LanguageConfig]") -> dict[str, Any]:
    """Return what config.json of a run tells, without the author's folders."""
    config = run.config
    return {**run.metadata, "config": {**run.metadata["config"], **_file_names(config)}}


def _share_config(config: LanguageConfig) -> LanguageConfig:
    """Return the config without the author's folders."""
    return config.replace(**_file_names(config))


def _file_names(config: LanguageConfig) -> dict[str, Any]:
    """Return the user's own files by their names: where they lay is nobody else's business."""
    fields = ("train_files", "valid_files", "test_files")
    lists = {name: [Path(file).name for file in getattr(config, name)] for name in fields}
    names: dict[str, Any] = {name: files for name, files in lists.items() if files}
    for name in ("tokenizer", "start_from"):
        source = getattr(config, name)
        if source is not None and _is_folder(source):
            names[name] = Path(source).absolute().name
    return names


def _is_folder(tokenizer: str) -> bool:
    """Return whether a tokenizer's name is a folder's, which may be gone, and not the Hub's."""
    looks_like_path = (
        tokenizer.startswith((".", "~", "/")) or tokenizer.count("/") > 1 or "\\" in tokenizer
    )
    return looks_like_path or Path(tokenizer).is_dir()
