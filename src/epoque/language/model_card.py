"""The model card: the README.md that a saved or pushed model carries."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from .config import LanguageConfig

if TYPE_CHECKING:
    from epoque.bench.run import Run

__all__ = ["model_card"]

_RESULTS = {
    "final_valid_loss": "Validation loss (nats a token)",
    "final_train_loss": "Training loss (nats a token)",
    "perplexity": "Validation perplexity, per token",
    "perplexity_spread": "Its standard deviation over the masks",
    "perplexity_without_unk": "The same without unknown words",
    "perplexity_per_word": "Validation perplexity, per word",
    "bits_per_byte": "Bits a byte",
    "accuracy": "Share of tokens guessed",
    "pseudo_perplexity": "Pseudo-perplexity",
    "test_perplexity": "Test perplexity, per token",
}
_TASKS = {"causal": "text-generation", "masked": "fill-mask"}
_CLASSES = {"causal": "AutoModelForCausalLM", "masked": "AutoModelForMaskedLM"}


def model_card(run: "Run", name: str, licence: str | None = None) -> str:
    """Return the model card of a finished run: Markdown under a YAML header.

    Args:
        run: a finished run of the language lab.
        name: what the model is called: `owner/name` on the Hub, or a folder's name.
        licence: the licence of the weights as the Hub spells it (`cc-by-sa-4.0`), or None if it
            shall not be stated.

    Raises:
        DamagedRunError: if the run's results cannot be read.
    """
    config = run.config
    assert isinstance(config, LanguageConfig)
    parts = (
        f"# {name}",
        _about(run, config),
        "## Loading it",
        _loading(config, name),
        "## Results",
        "\n".join(_results(run.results)),
        "## Data and licence",
        "\n".join(_data(run.results, config, licence)),
        "## Settings",
        f"Recipe `{run.recipe}`, by [Epoque](https://pypi.org/project/epoque/).",
        f"```yaml\n{_yaml(run.manifest['config'])}```",
    )
    header = _yaml(_header(run, config, name, licence))
    return f"---\n{header}---\n\n" + "\n\n".join(parts) + "\n"


def _yaml(value: Mapping[str, Any]) -> str:
    import yaml

    return str(yaml.safe_dump(dict(value), sort_keys=False, allow_unicode=True))


def _header(run: "Run", config: LanguageConfig, name: str, licence: str | None) -> dict[str, Any]:
    """Return the metadata that the Hub reads."""
    task = _TASKS[config.objective]
    header: dict[str, Any] = {"library_name": "transformers", "pipeline_tag": task}
    if licence:
        header["license"] = licence
    if "/" in config.corpus and not config.train_files:
        header["datasets"] = [config.corpus.split(":")[0]]
    header["tags"] = ["epoque", "trained-from-scratch", config.objective, config.architecture]
    if "perplexity" in run.results:
        corpus = "the author's own files" if config.train_files else config.corpus
        metric = {"type": "perplexity", "value": run.results["perplexity"]}
        metric["name"] = "Validation perplexity, per token"
        result = {
            "task": {"type": task},
            "dataset": {"name": corpus, "type": corpus},
            "metrics": [metric],
        }
        header["model-index"] = [{"name": name, "results": [result]}]
    return header


def _about(run: "Run", config: LanguageConfig) -> str:
    does = {
        "causal": "predicts the next token of a text",
        "masked": "predicts hidden tokens of a text",
    }[config.objective]
    parameters = run.results.get("parameters")
    size = f" of {parameters:,} parameters" if isinstance(parameters, int) else ""
    return (
        f"A language model{size} that {does}, trained from scratch in a lab book. It is small and "
        "has read little: what it writes can look right and be wrong."
    )


def _loading(config: LanguageConfig, name: str) -> str:
    loader = _CLASSES[config.objective]
    return (
        "```python\n"
        f"from transformers import AutoTokenizer, {loader}\n\n"
        f'tokenizer = AutoTokenizer.from_pretrained("{name}")\n'
        f'model = {loader}.from_pretrained("{name}")\n'
        "```"
    )


def _results(results: Mapping[str, Any]) -> Iterator[str]:
    yield "| measured | value |\n|---|---|"
    for name, words in _RESULTS.items():
        if isinstance(results.get(name), int | float):
            yield f"| {words} | {results[name]:.4g} |"
    if epochs := results.get("epochs"):
        yield "\n| epoch | training loss | validation loss |\n|---|---|---|"
        for row in epochs:
            values = (row.get("train_loss"), row.get("valid_loss"))
            cells = ("" if value is None else f"{value:.4f}" for value in values)
            yield f"| {row['epoch']:g} | {' | '.join(cells)} |"


def _data(results: Mapping[str, Any], config: LanguageConfig, licence: str | None) -> Iterator[str]:
    yield f"- Text: {results.get('corpus_source') or _files(config)}"
    yield f"- Licence of the text: {results.get('corpus_licence') or 'not known'}"
    yield f"- Licence of the weights: {licence or 'not stated'}"


def _files(config: LanguageConfig) -> str:
    return "files of the author's" if config.train_files else f"`{config.corpus}`"
