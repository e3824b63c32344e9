import os
from pathlib import Path

import pytest

from epoque.bench.errors import (
    DamagedRunError,
    DivergenceError,
    EpoqueError,
    RunFormatError,
    RunWriteError,
)
from epoque.bench.files.atomic import explain_write_errors, read_json, write_json
from epoque.bench.result_labels import labels_of, translate_labels
from epoque.bench.runs.reasons import translate_reason
from epoque.bench.runs.record_format import check_format
from epoque.bench.runs.status import LOST, PROCESS_ENDED, describe_end
from epoque.bench.stopping import Interrupt


def damaged(path: Path, content: bytes | None) -> str:
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DamagedRunError) as error:
        read_json(path)
    return str(error.value)


def refuse(path: Path, number: int) -> str:
    with pytest.raises(RunWriteError) as error, explain_write_errors(path):
        raise OSError(number, os.strerror(number))
    return str(error.value)


def french(reason: str) -> str:
    return translate_reason(reason, "fr")


@pytest.mark.parametrize("what", ["a loss", "the loss", "a weight", "a gradient", "a number"])
def test_a_divergence_is_said_in_french(what: str) -> None:
    text = french(str(DivergenceError(what, 41)))
    assert text.startswith("L’entraînement a divergé")
    assert "41" in text
    assert what not in text


def test_a_metric_is_called_by_the_words_of_its_lab() -> None:
    reason = str(DivergenceError("loss_d", 3))
    for language in ("en", "fr"):
        label = translate_labels(labels_of("gan2d"), language)["loss_d"]
        text = translate_reason(reason, language, "gan2d")
        assert label in text
        assert "loss_d" not in text


def test_a_gradient_of_a_network_is_said_in_french() -> None:
    for network in ("generator", "discriminator"):
        text = french(str(DivergenceError(f"a gradient of the {network}", 3)))
        assert "un gradient du" in text
        assert network not in text


@pytest.mark.parametrize("error", [KeyboardInterrupt(), Interrupt(2), Interrupt(15)])
def test_who_stopped_it_is_said_in_french(error: BaseException) -> None:
    _, reason = describe_end(error)
    assert french(reason).startswith("arrêt")


def test_what_became_of_its_process_is_said_in_french() -> None:
    assert french(PROCESS_ENDED) != PROCESS_ENDED
    assert french(LOST) != LOST
    assert french("an unexpected error") != "an unexpected error"


def test_what_cannot_be_read_or_written_is_said_in_french(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    reasons = [damaged(path, None), damaged(path, b"[]"), refuse(path, 28), refuse(path, 30)]
    for reason in reasons:
        text = french(reason)
        assert str(path) in text
        assert not {"cannot", "damaged", "the", "Cannot", "No"} & set(text.split())


@pytest.mark.parametrize("writer", [None, "0.9.1"])
def test_another_format_is_said_in_french(writer: str | None, tmp_path: Path) -> None:
    if writer:
        write_json(tmp_path / "environment.json", {"packages": {"epoque": writer}})
    with pytest.raises(RunFormatError) as error:
        check_format(tmp_path, 99)
    text = french(str(error.value))
    assert text.startswith(f"{tmp_path} a été écrit au format 99 par ")
    assert (f"Epoque {writer}" if writer else "une autre version") in text
    assert not {"was", "this", "which", "another"} & set(text.split())


def test_english_stays_and_what_is_unknown_too() -> None:
    for reason in (str(DivergenceError("a loss", 3)), "KeyError: 'x'", "", PROCESS_ENDED):
        assert translate_reason(reason, "en") == reason
    for error in (EpoqueError("Nobody foresaw this {brace}."), ValueError("{0}")):
        assert french(str(error)) == str(error)
