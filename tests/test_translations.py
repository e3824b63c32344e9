"""Every message a learner reads has a French translation, and the catalogue is current."""

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from epoque.bench.i18n import translator
from epoque.bench.lab import find_lab, lab_names

TOOL = Path(__file__).parent.parent / "tools" / "messages.py"


@pytest.fixture(scope="module")
def messages() -> ModuleType:
    spec = importlib.util.spec_from_file_location("messages", TOOL)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_catalogue_is_current_and_complete(messages: ModuleType) -> None:
    assert messages.find_problems() == []


def test_translations_keep_their_placeholders(messages: ModuleType) -> None:
    for message in messages.read_catalog():
        names = [sorted(re.findall(r"\{(\w*)\}", text)) for text in (message.id, message.string)]
        assert not message.id or names[0] == names[1], message.id


def test_french_has_french_spaces(messages: ModuleType) -> None:
    for message in messages.read_catalog():
        assert not message.id or not re.search(r"[^\u00a0\u202f] [;!?:»]", message.string)


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
    *("Accumulation", "Activation", "Architecture", "Augmentation", "Augmentations", "Corpus"),
    *("Dropout", "Images", "Patience", "Points", "Portraits", "Positions", "Style"),
    *("images", "pixels", "points", "tokens"),
}
"""The words that are the same in both languages."""


@pytest.mark.parametrize("lab", lab_names())
def test_no_setting_is_english_in_french(lab: str) -> None:
    config = find_lab(lab).config_class
    english, french = (config.json_schema(language)["properties"] for language in ("en", "fr"))
    same = {
        (field, english[field][key])
        for field, told in french.items()
        for key in ("title", "description", "unit")
        if key in told and told[key] == english[field][key]
    }
    assert {text for _, text in same} <= ALIKE, sorted(same)


def test_messages_are_found_in_recipes(messages: ModuleType) -> None:
    assert list(messages.recipe_messages("title: A\nshows: B\nminutes: 1")) == ["A", "B"]


def test_the_compiled_catalogue_is_read() -> None:
    assert translator("fr")("Learning rate") == "Taux d’apprentissage"
    assert translator("en")("Learning rate") == "Learning rate"
    assert translator("fr")("no such message") == "no such message"
