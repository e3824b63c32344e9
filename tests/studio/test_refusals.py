import pytest
from starlette.testclient import TestClient

from epoque.bench.errors import NameTakenError, UnknownNameError
from epoque.studio.refusals import language_of, translate_refusal

FRENCH = {"Accept-Language": "fr"}


def refusal(ask: TestClient, method: str, address: str, **more: object) -> tuple[str, str]:
    """Return what the same request is refused with in English and in French."""
    english, french = (
        ask.request(method, address, headers=headers, **more)  # type: ignore[arg-type]
        for headers in ({}, FRENCH)
    )
    assert english.status_code == french.status_code >= 400
    return english.json()["detail"], french.json()["detail"]


def test_a_run_that_is_not_there(ask: TestClient) -> None:
    english, french = refusal(ask, "GET", "/api/runs/nothing")
    assert english == "There is no run 'nothing'."
    assert french == "Introuvable\u00a0: exécution «\u00a0nothing\u00a0»."


def test_a_filter_that_is_none(ask: TestClient) -> None:
    for where in ("a b<", "seed<3 '"):
        english, french = refusal(ask, "GET", "/api/runs", params={"where": where})
        assert "is not allowed as a filter" in english
        assert "n’est pas un filtre permis" in french


def test_a_run_of_that_name() -> None:
    text = translate_refusal(str(NameTakenError("There is a folder runs/mine already.")), "fr")
    assert text == "Il y a déjà un dossier runs/mine."


@pytest.mark.parametrize("name", ["last", "con", "?"])
def test_a_name_that_no_run_may_have(ask: TestClient, name: str) -> None:
    body = {"lab": "neuron", "config": {"iterations": 1}, "name": name}
    english, french = refusal(ask, "POST", "/api/trainings", json=body)
    assert "is not allowed" in english
    assert "n’est pas permis" in french


def test_files_that_are_none(ask: TestClient) -> None:
    for file, content in {"a.png": b"x", "a.json": b"{", "a.csv": b"", "a.exe": b"MZ"}.items():
        english, french = refusal(
            ask, "POST", "/api/uploads", params={"name": file}, content=content
        )
        assert english.startswith("The ")
        assert french.startswith(("Le ", "L’"))
    french = translate_refusal("The file is no text: it is a PNG picture.", "fr")
    assert french == "Le fichier n’est pas du texte\u00a0: c’est une image PNG."


def test_names_near_the_one_that_was_asked_for() -> None:
    error = UnknownNameError("recipe", "neuron/adn", ["neuron/and"])
    text = translate_refusal(str(error), "fr")
    assert text.startswith("Introuvable\u00a0: recette «\u00a0neuron/adn\u00a0».")
    assert "Vouliez-vous dire neuron/and" in text


def test_what_has_no_form_stays() -> None:
    assert translate_refusal("Nobody foresaw this.\n{x}", "fr") == "Nobody foresaw this.\n{x}"


@pytest.mark.parametrize(
    ("header", "language"),
    [("fr-FR,fr;q=0.9", "fr"), ("fr", "fr"), ("de,fr", "en"), ("", "en"), ("*", "en")],
)
def test_the_language_that_a_request_prefers(header: str, language: str) -> None:
    assert language_of({"accept-language": header}) == language
