"""Files that pages send: whole, within limits, what they say they are."""

import io
from pathlib import Path

import pytest
from PIL import Image
from starlette.testclient import TestClient

from epoque.bench.lab import find_lab
from epoque.studio import uploads
from epoque.studio.file_values import file_settings
from epoque.studio.state import StudioOptions
from epoque.studio.upload_checks import ENDINGS


def send(ask: TestClient, name: str, data: bytes) -> tuple[int, str]:
    answer = ask.post("/api/uploads", params={"name": name}, content=data)
    said = answer.json()
    return answer.status_code, said.get("id") or said["detail"]


def picture(width: int, height: int) -> bytes:
    file = io.BytesIO()
    Image.new("1", (width, height)).save(file, "PNG")
    return file.getvalue()


def files(options: StudioOptions) -> list[str]:
    folder = options.runs / ".uploads"
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_a_file_is_kept_under_a_random_name_and_a_setting_takes_it(
    ask: TestClient, options: StudioOptions
) -> None:
    code, identity = send(ask, "../../my points.CSV", b"x,y\n0.1,0.2\n0.3,0.4\n")
    assert code == 201
    assert files(options) == [f"{identity}.csv"]
    assert (options.runs / f".uploads/{identity}.csv").read_bytes().startswith(b"x,y\n")
    body = {"config": {"data": "csv", "csv": f"upload:{identity}"}}
    checked = ask.post("/api/labs/gan2d/check", json=body).json()
    assert checked["problems"] == []
    assert checked["config"]["csv"] == f"upload:{identity}"  # not where it lies
    assert str(options.runs) not in ask.post("/api/labs/gan2d/check", json=body).text


def test_a_setting_takes_files_of_its_kind_alone(ask: TestClient) -> None:
    _, identity = send(ask, "a.txt", b"words")
    body = {"config": {"data": "csv", "csv": f"upload:{identity}"}}
    (problem,) = ask.post("/api/labs/gan2d/check", json=body).json()["problems"]
    assert problem["message"] == "a file that ends in .txt is not allowed; it takes .csv."


def test_every_kind_that_a_setting_takes_can_be_uploaded() -> None:
    for lab in map(find_lab, ("neuron", "gan2d", "language", "stylegan3")):
        for info in file_settings(lab).values():
            assert info.file is not None, info.path
            assert set(info.file) <= set(ENDINGS), info.path


def test_what_no_one_file_can_be_takes_only_names_that_ship(ask: TestClient) -> None:
    _, identity = send(ask, "a.txt", b"words")
    body = {"config": {"corpus": f"upload:{identity}", "tokenizer": f"upload:{identity}"}}
    problems = ask.post("/api/labs/language/check", json=body).json()["problems"]
    said = {problem["field"]: problem["message"] for problem in problems}
    assert said["corpus"].startswith("a file that ends in .txt is not allowed; it takes shakespe")
    assert said["tokenizer"] == "a file that ends in .txt is not allowed; it takes none."
    for address in ("owner/name", "https://example.org/a", "/etc/passwd"):
        body = {"config": {"corpus": address}}
        (problem,) = ask.post("/api/labs/language/check", json=body).json()["problems"]
        assert problem["message"].startswith(f"{address} is not allowed here")


def test_a_form_is_told_the_names_that_ship(ask: TestClient) -> None:
    schema = ask.get("/api/labs/language/schema").json()["properties"]
    assert "shakespeare" in schema["corpus"]["names"]
    assert (schema["corpus"]["file"], schema["tokenizer"]["names"]) == ([], [])
    schema = ask.get("/api/labs/gan2d/schema").json()["properties"]
    assert schema["csv"]["names"] == ["epoque:sun.csv"]
    assert schema["drawing"]["names"] == []  # a recipe's own strokes are no name


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("a.csv", b"", "empty"),
        ("a.csv", b"PK\x03\x04rest", "zip"),
        ("a.csv", b"1,2\n\0\0", "zero bytes"),
        ("a.png", b"not a picture", "no picture"),
        ("a.png", b"\x89PNG\r\n\x1a\n" + b"\0" * 30, "picture"),
        ("a.json", b"{", "no JSON"),
        ("a.json", b"[" * 200_000, "no JSON"),
        ("a.safetensors", b"\xff" * 8 + b"{", "no safetensors"),
        ("a.zip", b"nothing", "no zip"),
        ("a.exe", b"MZ", "takes no"),
        ("csv", b"1,2", "without an ending"),
        ("a." + "x" * 200, b"1", "takes no"),
    ],
)
def test_what_is_no_such_file_is_refused_and_gone(
    ask: TestClient, options: StudioOptions, name: str, data: bytes, reason: str
) -> None:
    code, sentence = send(ask, name, data)
    assert code == 422
    assert reason in sentence
    assert sentence.endswith(".")
    assert files(options) == []


def test_a_picture_of_100_megapixels_is_refused_before_it_is_decoded(ask: TestClient) -> None:
    code, sentence = send(ask, "large.png", picture(10_000, 10_000))  # 12 kB
    assert (code, "megapixels" in sentence) == (422, True)
    assert send(ask, "small.png", picture(100, 100))[0] == 201


def test_a_file_over_its_limit_stops_at_it(
    ask: TestClient, options: StudioOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(uploads.MAX_BYTES, "csv", 1000)
    code, sentence = send(ask, "a.csv", b"1,2\n" * 1000)
    assert (code, "more than" in sentence) == (422, True)
    assert files(options) == []


def test_everybody_s_files_together_have_a_limit(
    ask: TestClient, options: StudioOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "MAX_UPLOAD_BYTES", 1000)
    assert send(ask, "a.csv", b"1,2\n" * 200)[0] == 201
    code, sentence = send(ask, "b.csv", b"1,2\n" * 100)
    assert (code, "2 GiB together" in sentence) == (422, True)
    assert len(files(options)) == 1


def test_an_upload_is_found_by_its_id_alone(options: StudioOptions) -> None:
    store = uploads.Uploads(options.runs / ".uploads")
    store.folder.mkdir(parents=True)
    (store.folder / "secret.csv").write_text("1")
    (options.runs / ("0" * 32 + ".csv")).write_text("1")
    for name in ("secret", "../" + "0" * 32, "0" * 32, "", "." * 32, "0" * 31 + "\n"):
        assert store.find(name) is None
    (store.folder / ("a" * 32 + ".csv")).write_text("1")
    assert store.find("a" * 32) == Path(store.folder / ("a" * 32 + ".csv"))


def test_an_upload_is_given_back_but_never_opened(ask: TestClient) -> None:
    _, identity = send(ask, "a.csv", b"x,y\n0.1,0.2\n0.3,0.4\n")
    answer = ask.get(f"/api/uploads/{identity}")
    assert answer.content.startswith(b"x,y\n")
    assert answer.headers["content-type"] == "application/octet-stream"
    assert "attachment" in answer.headers["content-disposition"]
    for unknown in ("0" * 32, "..%2F..%2Fetc%2Fpasswd", identity[:8]):
        assert ask.get(f"/api/uploads/{unknown}").status_code == 404
