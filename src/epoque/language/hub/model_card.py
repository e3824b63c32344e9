"""The model card: the README.md that a saved or pushed model carries."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from epoque.bench.command_line import build_command_line

from ..config import LanguageConfig
from ..data.corpus import HELD_OUT
from ..training.estimate import format_duration

if TYPE_CHECKING:
    from epoque.bench.runs.run import Run

__all__ = ["model_card", "without_folders"]

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
}
_LANGUAGES = {"shakespeare": "en", "wikitext-2": "en", "code-du-travail": "fr"}
_DATASETS = {"wikitext-2": "Salesforce/wikitext"}
_TASKS = {"causal": "text-generation", "masked": "fill-mask"}
_CLASSES = {"causal": "AutoModelForCausalLM", "masked": "AutoModelForMaskedLM"}


def model_card(
    run: "Run[LanguageConfig]",
    name: str,
    license: str | None = None,
    results: Mapping[str, Any] | None = None,
) -> str:
    """Return the model card of a finished run: Markdown under a YAML header.

    Args:
        run: a finished run of the language lab.
        name: what the model is called: `owner/name` on the Hub, or a folder's name.
        license: the licence of the weights as the Hub spells it (`cc-by-sa-4.0`), or None if it
            shall not be stated.
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
        _loading(config, name),
        "## Results",
        "\n".join(_results(results, config)),
        "## Data and licence",
        "\n".join(_data(results, config, license)),
        "## Training it again",
        f"```sh\n{build_command_line('run', run.recipe, _share_config(config))}\n```",
        "<details><summary>All settings</summary>",
        f"```yaml\n{_yaml(without_folders(run)['config'])}```",
        "</details>",
    )
    header = _yaml(_header(results, config, name, license))
    return f"---\n{header}---\n\n" + "\n\n".join(parts) + "\n"


def _yaml(value: Mapping[str, Any]) -> str:
    import yaml

    return str(yaml.safe_dump(dict(value), sort_keys=False, allow_unicode=True))


def _header(
    results: Mapping[str, Any], config: LanguageConfig, name: str, license: str | None
) -> dict[str, Any]:
    """Return the metadata that the Hub reads."""
    task = _TASKS[config.objective]
    header: dict[str, Any] = {"library_name": "transformers", "pipeline_tag": task}
    if license:
        header["license"] = license
    dataset = None
    if not config.train_files:
        if config.corpus in _LANGUAGES:
            header["language"] = _LANGUAGES[config.corpus]
        dataset = _DATASETS.get(config.corpus) or config.corpus.split(":")[0]
        if "/" in dataset:
            header["datasets"] = [dataset]
    header["tags"] = ["epoque", "trained-from-scratch", config.objective, config.architecture]
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
    return (
        f"A language model{size} that {does}, trained from scratch on {text} with "
        "[Epoque](https://pypi.org/project/epoque/), a lab book of neural networks. It knows this "
        "text and nothing else: what it writes can look right and be wrong."
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


def _loading(config: LanguageConfig, name: str) -> str:
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
    )


def _results(results: Mapping[str, Any], config: LanguageConfig) -> Iterator[str]:
    if config.objective == "masked":
        yield "All of it over the hidden tokens only; do not compare it with a causal model's.\n"
    yield "| measured | value |\n|---|---|"
    for name, words in _RESULTS.items():
        value = results.get(name)
        same = name == "perplexity_without_unk" and value == results.get("perplexity")
        if isinstance(value, int | float) and not same:
            yield f"| {words} | {_number(value)} |"
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
    if config.tokenizer is not None and _is_folder(config.tokenizer):
        names["tokenizer"] = Path(config.tokenizer).absolute().name
    return names


def _is_folder(tokenizer: str) -> bool:
    """Return whether a tokenizer's name is a folder's, which may be gone, and not the Hub's."""
    looks_like_path = (
        tokenizer.startswith((".", "~", "/")) or tokenizer.count("/") > 1 or "\\" in tokenizer
    )
    return looks_like_path or Path(tokenizer).is_dir()
