import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hub_server import Hub, point_at, running
from safetensors.numpy import save_file

from epoque.bench.errors import DataError, HubError, UsageError
from epoque.language.config import LanguageConfig
from epoque.language.data import tokenizer
from epoque.language.data.corpus import file_documents
from epoque.language.hub.hub import pull, push
from epoque.language.hub.model_folder import copy_folder, list_files

QUICK = (0.0, 0.0)
Texts = dict[str, tuple[str, ...]]

# huggingface_hub's own upload, when it goes past Xet.
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hub]:
    """Return a running Hub, where huggingface_hub looks for it, with its token."""
    with running() as hub:
        point_at(monkeypatch, tmp_path, hub.url, hub.token)
        yield hub


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder such as `save` writes; the bytes need not be a model for the protocol."""
    made = tmp_path / "saved"
    made.mkdir()
    (made / "config.json").write_text('{"model_type": "gpt2"}')
    (made / "tokenizer.json").write_text('{"é": 1}')
    (made / "README.md").write_text("---\nlicense: mit\n---\n# Small\n")
    (made / ".hidden").write_text("not pushed")
    weights = np.random.default_rng(0).normal(size=(300, 500)).astype(np.float32)
    save_file({"w": weights}, made / "model.safetensors")
    return made


def received(hub: Hub, repo: str = "ada/small") -> dict[str, bytes]:
    return {n: d for n, d in hub.repos[repo].files.items() if n != ".gitattributes"}


def hold(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in list_files(folder)}


def test_what_arrives_is_the_folder(hub: Hub, folder: Path) -> None:
    done = push(folder, "ada/small", waits=QUICK)
    assert done.url == f"{hub.url}/ada/small"
    assert received(hub) == hold(folder)
    assert ".hidden" not in received(hub)
    assert hub.repos["ada/small"].commits == ["Upload model by Epoque"]
    assert not hub.repos["ada/small"].private


def test_private_and_an_owner_left_out(hub: Hub, folder: Path) -> None:
    done = push(folder, "small", private=True, waits=QUICK)
    assert done.url.endswith("/ada/small")
    assert hub.repos["ada/small"].private


def test_the_dry_run_writes_exactly_what_is_pushed(hub: Hub, folder: Path, tmp_path: Path) -> None:
    copy_folder(folder, tmp_path / "dry")
    assert hub.requests == []
    push(folder, "ada/small", waits=QUICK)
    assert hold(tmp_path / "dry") == received(hub)
    assert sorted(p.name for p in (tmp_path / "dry").iterdir()) == list_files(folder)
    with pytest.raises(UsageError, match="not empty; nothing was written"):
        copy_folder(folder, tmp_path / "dry")


@pytest.mark.parametrize("kind", [500, 503, 429, "drop", "lost"])
@pytest.mark.parametrize(
    "request_", ["repos/create", "validate-yaml", "preupload", "objects/batch", "PUT", "commit"]
)
def test_what_may_pass_is_tried_again(
    hub: Hub, folder: Path, request_: str, kind: int | str
) -> None:
    done_unheard = (request_, kind) == ("commit", "lost")  # the next attempt finds it done
    hub.failures = [(request_, kind)] * (1 if done_unheard else 2)
    push(folder, "ada/small", waits=QUICK)
    assert not hub.failures
    assert received(hub) == hold(folder)
    assert len(hub.repos["ada/small"].commits) == 1


def test_a_push_that_failed_half_way_goes_on_when_it_is_repeated(hub: Hub, folder: Path) -> None:
    hub.failures = [("commit", 503)] * 3
    with pytest.raises(HubError, match=r"fails \(status 503\); the same command tries again"):
        push(folder, "ada/small", waits=QUICK)
    assert received(hub) == {}  # one commit: all or nothing
    push(folder, "ada/small", waits=QUICK)
    assert received(hub) == hold(folder)


def test_a_name_that_is_taken_needs_update(hub: Hub, folder: Path) -> None:
    push(folder, "ada/small", waits=QUICK)
    (folder / "config.json").write_text('{"model_type": "other"}')
    with pytest.raises(UsageError, match=r"name is taken: ada/small exists .* --update replaces"):
        push(folder, "ada/small", waits=QUICK)
    push(folder, "ada/small", update=True, waits=QUICK)
    assert received(hub) == hold(folder)
    with pytest.raises(UsageError, match="is public; --private cannot hide it"):
        push(folder, "ada/small", private=True, update=True, waits=QUICK)


@pytest.mark.parametrize(
    ("failure", "message"),
    [
        ((".", 401), "does not know the token"),
        ((".", 403), "the token may not write to ada/small"),
        (("preupload", 400), r"refuses \(status 400\): .*injected 400"),
        (("PUT", 413), r"refuses \(status 413\)"),
    ],
)
def test_what_the_hub_refuses_is_one_sentence(
    hub: Hub, folder: Path, failure: tuple[str, int], message: str
) -> None:
    hub.failures = [failure]
    with pytest.raises(HubError, match=message) as caught:
        push(folder, "ada/small", waits=QUICK)
    assert "\n" not in str(caught.value)
    assert len([r for r in hub.requests if "create" in r]) == 1  # not tried again


def test_another_owners_name_and_a_bad_card(hub: Hub, folder: Path) -> None:
    with pytest.raises(HubError, match="the token may not write to bob/small"):
        push(folder, "bob/small", waits=QUICK)
    (folder / "README.md").write_text("---\nlicense: never-heard-of\n---\n")
    with pytest.raises(HubError, match='"license" must be one of the known licences'):
        push(folder, "ada/small", waits=QUICK)


@pytest.mark.parametrize("name", ["a b", "ada/small/x", "ada/-small-", "ada/" + "x" * 200])
def test_a_name_that_the_hub_does_not_allow(hub: Hub, folder: Path, name: str) -> None:
    with pytest.raises(UsageError, match="is no name on the Hub; owner/name"):
        push(folder, name, waits=QUICK)
    assert hub.repos == {}


def test_no_token_no_hub_no_model(
    monkeypatch: pytest.MonkeyPatch, folder: Path, tmp_path: Path
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
    point_at(monkeypatch, tmp_path, url, None)
    with pytest.raises(UsageError, match="no token for the Hub"):
        push(folder, "ada/small", waits=QUICK)
    point_at(monkeypatch, tmp_path, url, "hf_any")
    with pytest.raises(HubError, match=rf"The Hub at {url} cannot be reached"):
        push(folder, "ada/small", waits=QUICK)
    with pytest.raises(HubError, match=rf"The Hub at {url} cannot be reached"):
        pull("ada/small")
    with pytest.raises(UsageError, match="holds no model"):
        push(tmp_path, "ada/small", waits=QUICK)


def test_what_was_pushed_can_be_pulled(hub: Hub, folder: Path) -> None:
    push(folder, "ada/small", waits=QUICK)
    found = pull("ada/small")
    wanted = hold(folder)
    del wanted["README.md"]
    assert {p.name: p.read_bytes() for p in found.iterdir()} == wanted
    with pytest.raises(HubError, match="has no model ada/other"):
        pull("ada/other")


def test_a_tokenizer_is_fetched_without_its_model(hub: Hub, folder: Path, texts: Texts) -> None:
    trained = tokenizer.train_tokenizer(
        LanguageConfig(vocabulary=300), file_documents(texts["train_files"])
    )
    trained.save_pretrained(folder)
    push(folder, "ada/small", waits=QUICK)
    hub.requests.clear()
    found = tokenizer.load_tokenizer("ada/small")
    assert found.get_vocab() == trained.get_vocab()
    assert found.name_or_path == "ada/small"
    assert any("tokenizer.json" in request for request in hub.requests)
    assert not any("safetensors" in request for request in hub.requests)
    with pytest.raises(DataError, match="There is no tokenizer 'ada/other': no such folder"):
        tokenizer.load_tokenizer("ada/other")


def test_the_command_pushes_as_the_environment_says(folder: Path, tmp_path: Path) -> None:
    with running() as hub:
        done = subprocess.run(
            [sys.executable, "-m", "epoque", "language", "push", str(folder), "small"],
            env={
                **os.environ,
                "HF_ENDPOINT": hub.url,
                "HF_TOKEN": hub.token,
                "HF_HOME": str(tmp_path / "home"),
                "HF_HUB_DISABLE_XET": "1",
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert f"{hub.url}/ada/small" in done.stdout
        assert received(hub) == hold(folder)
