"""Every message a learner reads has a French translation, and the catalogue is current."""

import importlib.util
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from epoque.bench.i18n import translator
from epoque.bench.lab import find_lab, lab_names

TOOLS = Path(__file__).parent.parent / "tools"


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, TOOLS / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def messages() -> Iterator[ModuleType]:
    before = list(sys.path)
    yield load("messages")
    sys.path[:] = before


@pytest.fixture(scope="module")
def client_texts() -> ModuleType:
    return load("client_texts")


def test_the_catalogue_is_current_and_complete(messages: ModuleType) -> None:
    assert messages.find_problems() == []


def test_translations_keep_their_placeholders(messages: ModuleType) -> None:
    for message in messages.read_catalog():
        names = [sorted(re.findall(r"\{(\w*)\}", text)) for text in (message.id, message.string)]
        assert not message.id or names[0] == names[1], message.id


def test_french_has_french_spaces(messages: ModuleType) -> None:
    for message in messages.read_catalog():
        # In code, which stands between backquotes, and in 1:2 no French is written.
        text = re.sub(r"`[^`]*`", "", message.string) if message.id else ""
        assert not re.search(r"[^\u00a0\u202f] [;!?:»]", text), text
        assert not re.search(r"[^\u00a0]:(?=\s|$)|[^\u202f][;!?](?=\s|$)", text), text


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ('_("a")', ["a"]),
        ('i18n.mark("a")', ["a"]),
        ('translator(language)("a")', ["a"]),
        ('self.translate("a")', ["a"]),
        ('setting(1, "label", "what", unit="points", ge=0)', ["label", "what", "points"]),
        ('setting(1, label="l", description="d")', ["l", "d"]),
        ('print("a"); _(name); mark()', []),
        ('A = "a"\nB = A + "b"\nsetting(1, A, B, unit=None)', ["a", "ab"]),
        ('A: str = mark("a")\nx = setting(1, "l", description=A + "b")', ["a", "l", "ab"]),
        ('A = "a"\n_(A)', ["a"]),
    ],
)
def test_messages_are_found_in_code(messages: ModuleType, code: str, expected: list[str]) -> None:
    assert list(messages.code_messages(code)) == expected


@pytest.mark.parametrize(
    "code",
    [
        'setting(1, f"a {b}", "c")',
        'from x import A\nsetting(1, "a", A)',
        'setting(1, "a", "b".upper())',
        'def f(A): return setting(1, "a", A)',
        '_(f"a {b}")',
    ],
)
def test_messages_that_nobody_could_translate_are_refused(messages: ModuleType, code: str) -> None:
    with pytest.raises(messages.UnreadableError, match="line "):
        list(messages.code_messages(code))


ALIKE = {
    *("Accumulation", "Activation", "Alpha", "Architecture", "Augmentation", "Augmentations"),
    *("Corpus", "Dropout", "Images", "Normalisation", "Patience", "Points", "Portraits"),
    *("Machine", "Positions", "Style", "Tokens", "images", "pixels", "points", "tokens"),
}
"""The words that are the same in both languages."""
WORDS = ("title", "description", "unit", "group")
"""What of a setting's schema a learner reads."""


def iterate_words(properties: dict[str, Any], part: str = "") -> Iterator[tuple[str, str]]:
    """Yield (path of the setting and what it is, text), of parts too."""
    for name, value in properties.items():
        yield from ((f"{part}{name} {key}", value[key]) for key in WORDS if key in value)
        yield from iterate_words(value.get("properties", {}), f"{part}{name}.")


@pytest.mark.parametrize("lab", lab_names())
def test_no_setting_is_english_in_french(lab: str) -> None:
    config = find_lab(lab).config_class
    english, french = (
        dict(iterate_words(config.json_schema(language)["properties"])) for language in ("en", "fr")
    )
    assert english.keys() == french.keys()
    same = {(where, text) for where, text in french.items() if english[where] == text}
    assert {text for _, text in same} <= ALIKE, sorted(same)
    rules = zip(*(config.json_schema(tongue)["conflicts"] for tongue in ("en", "fr")), strict=True)
    assert [one["field"] for one, other in rules if one["message"] == other["message"]] == []


@pytest.mark.parametrize("lab", lab_names())
def test_every_choice_of_a_form_has_a_word(lab: str) -> None:
    """What stays as it is written in a recipe, such as a name, says so by being its own word."""
    settings = dict(iterate_choices(find_lab(lab).config_class.json_schema("fr")["properties"]))
    assert settings
    assert {path: missing for path, missing in settings.items() if missing} == {}


def iterate_choices(properties: Any, inside: str = "") -> Iterator[tuple[str, list[str]]]:
    """Yield the path of each setting that chooses, and what it chooses among without a word."""
    for name, node in properties.items():
        choices = [
            str(choice)
            for kind in (node, node.get("items", {}), *node.get("anyOf", ()))
            for choice in kind.get("enum", [kind["const"]] if "const" in kind else [])
        ]
        if choices:
            yield (
                inside + name,
                [choice for choice in choices if choice not in node.get("choices", ())],
            )
        yield from iterate_choices(node.get("properties", {}), f"{inside}{name}.")


def test_the_parts_of_a_config_are_looked_at() -> None:
    told = dict(iterate_words(find_lab("gan2d").config_class.json_schema("fr")["properties"]))
    assert told["discriminator.layers description"].startswith("Neurones")
    assert told["generator.optimizer.name description"].startswith("Comment")


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ('t("Pause")', ["Pause"]),
        ("<b title={t('It is \\'open\\'')}>{t(`Two`)}</b>", ["It is 'open'", "Two"]),
        ('t("Iteration {step}", { step: t("last") })', ["Iteration {step}", "last"]),
        ('t(\n  "a" + // first\n  "b",\n)', ["ab"]),
        (r'mark("\u00d7 \x41\u{1F600}\n")', ["× A\U0001f600\n"]),
        ('plural("{count} run", "{count} runs", count)', ["{count} run", "{count} runs"]),
        ('at("no"); x.t("no"); put("no"); t(label); t()', []),
        ("export function t(text: string): string {}", []),
    ],
)
def test_messages_are_found_in_the_client(
    client_texts: ModuleType, code: str, expected: list[str]
) -> None:
    assert list(client_texts.client_messages(code)) == expected


@pytest.mark.parametrize("code", ["\n t(`a ${b}`)", '\n t("a" + b)', '\n plural("a", "b" + c)'])
def test_texts_of_the_client_that_nobody_could_translate_are_refused(
    client_texts: ModuleType, code: str
) -> None:
    with pytest.raises(client_texts.UnreadableTextError, match="line 2: "):
        list(client_texts.client_messages(code))


def test_the_clients_french_is_written(client_texts: ModuleType, tmp_path: Path) -> None:
    source = tmp_path / "web"
    (source / "i18n").mkdir(parents=True)
    (source / "a.ts").write_text('t("Learning rate"); t("no such message")', "utf-8")
    client_texts.write_french(source / "i18n" / "fr.json", source)
    french = json.loads((source / "i18n" / "fr.json").read_text("utf-8"))
    key = client_texts.message_key("Learning rate")
    assert french == {"keys": key, "texts": ["Taux d’apprentissage"]}


def test_texts_are_packed_in_the_order_of_their_keys(client_texts: ModuleType) -> None:
    # web/tests/i18n.test.ts unpacks the same.
    packed = client_texts.pack_texts({"25ad6": "b", "a": "c", "2175u": "a"})
    assert packed == {"keys": "a 2175k 437c", "texts": ["c", "a", "b"]}


def test_a_messages_key_is_the_one_that_the_page_computes(client_texts: ModuleType) -> None:
    # web/tests/i18n.test.ts expects the same.
    keys = [client_texts.message_key(text) for text in ("Seed", "{count} runs", "Époque – é𝄞")]
    assert keys == ["2175u", "25ad6", "13lm8"]


def test_texts_of_one_key_are_refused(
    client_texts: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.ts").write_text('t("Learning rate"); t("Momentum")', "utf-8")
    monkeypatch.setattr(client_texts, "message_key", len)
    assert len(client_texts.french_texts(tmp_path)) == 2
    monkeypatch.setattr(client_texts, "message_key", lambda _: "same")
    with pytest.raises(client_texts.SharedKeyError, match=r"Learning rate \| Momentum"):
        client_texts.french_texts(tmp_path)


def test_messages_are_found_in_recipes(messages: ModuleType) -> None:
    assert list(messages.recipe_messages("title: A\nshows: B\nminutes: 1")) == ["A", "B"]


def test_the_compiled_catalogue_is_read() -> None:
    assert translator("fr")("Learning rate") == "Taux d’apprentissage"
    assert translator("en")("Learning rate") == "Learning rate"
    assert translator("fr")("no such message") == "no such message"
