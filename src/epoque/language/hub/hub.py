"""Saving a model as transformers reads it, and pushing it to the Hugging Face Hub.

What is pushed is a folder that lies on the disk first, so a dry run writes exactly that. Where the
Hub is, and the token, come from where `huggingface_hub` looks: the variables HF_ENDPOINT and
HF_TOKEN, and the token that `hf auth login` saved.
"""

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from epoque.bench.errors import EpoqueError, HubError, UsageError
from epoque.bench.files.atomic import explain_write_errors, write_atomic, write_json
from epoque.bench.files.drafts import draft_folder

from .model_card import model_card, without_folders

if TYPE_CHECKING:
    from huggingface_hub import HfApi
    from transformers import PreTrainedTokenizerFast

    from epoque.bench.runs.run import Run

    from ..config import LanguageConfig
    from ..models import Model

__all__ = ["Pushed", "files_of", "pull", "push", "save", "saved", "write"]

T = TypeVar("T")

WAITS = (1.0, 2.0, 4.0, 8.0)  # seconds before trying again
_PASSING = (408, 429, 500, 502, 503, 504)  # statuses after which trying again may help
_WRITTEN_BY_THE_HUB = ".gitattributes"


@dataclass(frozen=True)
class Pushed:
    """What a push did.

    Attributes:
        url: where the model is now.
        files: the names of its files.
    """

    url: str
    files: tuple[str, ...]


def save(
    run: "Run[LanguageConfig]", folder: Path, name: str = "", licence: str | None = None
) -> Path:
    """Write a finished run's model, tokenizer and model card into a new folder, whole or not.

    Args:
        run: a finished run of the language lab.
        folder: where; it must not exist, or be empty.
        name: what the model card calls it; by default the folder's name.
        licence: of the weights, as the Hub spells it; None states none.

    Raises:
        UsageError: if the run is not finished, or the folder holds something.
        DamagedRunError: if the run cannot be read.
        RunWriteError: if the system refuses.
    """
    _check_free(folder)
    with saved(run, name or folder.absolute().name, licence, folder.absolute().parent) as draft:
        _move(draft, folder)
    return folder


@contextmanager
def saved(
    run: "Run[LanguageConfig]", name: str, licence: str | None, beside: Path | None
) -> Iterator[Path]:
    """Give a folder with a finished run's model inside the block; then it is deleted.

    Args:
        run: a finished run of the language lab.
        name: what the model card calls it.
        licence: of the weights, or None.
        beside: the folder it is made in; None takes the system's for temporary files.
    """
    from ..training.checkpoint import restore

    if run.status.state != "finished":
        raise UsageError(f"{run.id} is not finished; `epoque resume {run.id}` goes on with it.")
    model, tokenizer = restore(run)
    with explain_write_errors(beside or Path(tempfile.gettempdir())):
        if beside is not None:
            beside.mkdir(parents=True, exist_ok=True)
        made = tempfile.TemporaryDirectory() if beside is None else draft_folder(beside / "model")
        with made as folder:
            draft = Path(folder) / "model"
            write(draft, run, model, tokenizer, model_card(run, name, licence))
            yield draft


def write(
    folder: Path,
    run: "Run[LanguageConfig]",
    model: "Model",
    tokenizer: "PreTrainedTokenizerFast",
    card: str,
) -> None:
    """Write what is pushed of a model: its weights, tokenizer, settings and card.

    Raises:
        RunWriteError: if the system refuses.
    """
    from ..models import hf_checkpoints as interchange

    interchange.save(model, tokenizer, folder)
    write_json(folder / "epoque.json", without_folders(run))
    write_atomic(folder / "README.md", card.encode(errors="replace"))  # of a name in no encoding


def copy(source: Path, folder: Path) -> Path:
    """Copy a saved model's files into a new folder, whole or not at all.

    Raises:
        UsageError: if the folder holds something.
        RunWriteError: if the system refuses.
    """
    _check_free(folder)
    beside = folder.absolute().parent
    with explain_write_errors(folder):
        beside.mkdir(parents=True, exist_ok=True)
        with draft_folder(beside / folder.name) as made:
            draft = made / "model"
            for name in files_of(source):
                (draft / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source / name, draft / name)
            _move(draft, folder)
    return folder


def _check_free(folder: Path) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} is not empty; nothing was written.")


def _move(draft: Path, folder: Path) -> None:
    with explain_write_errors(folder):
        if folder.exists():
            folder.rmdir()  # it is empty, or this is an error
        draft.rename(folder)


def files_of(folder: Path) -> list[str]:
    """Return the files of a saved model that are pushed: all but hidden ones, in order.

    Raises:
        UsageError: if it is no folder with a model.
    """
    paths = [path.relative_to(folder) for path in folder.rglob("*") if path.is_file()]
    shown = [path for path in paths if not any(part.startswith(".") for part in path.parts)]
    names = sorted(path.as_posix() for path in shown)
    if "config.json" not in names or not any(name.endswith(".safetensors") for name in names):
        raise UsageError(f"{folder} holds no model: no config.json with model.safetensors.")
    return names


def push(
    folder: Path,
    repo: str,
    *,
    private: bool = False,
    update: bool = False,
    waits: Sequence[float] = WAITS,
) -> Pushed:
    """Push a saved model to the Hub, in one commit: all of it arrives, or nothing.

    What may pass (no connection, a timeout, a status such as 503) is tried again.

    Args:
        folder: a folder that `save` wrote, or any with a model of transformers'.
        repo: `owner/name`, or a name under the token's own account.
        private: whether only the owner may see it.
        update: whether the files of a model of that name may be replaced.
        waits: seconds before each new attempt.

    Raises:
        HubError: if the Hub cannot be reached or refuses.
        UsageError: if there is no model, no token, or the name is not allowed or taken.
    """
    names = files_of(folder)
    api = _api()
    with _told(repo, api.endpoint):
        made = _create(api, repo, private=private, update=update, waits=waits)
        _again(lambda: _commit(api, folder, names, made), waits)
    return Pushed(f"{api.endpoint}/{made}", tuple(names))


def pull(name: str) -> Path:
    """Return the folder of a model of the Hub, downloaded where it is not cached.

    Raises:
        HubError: if the Hub cannot be reached or has no such model.
        UsageError: if the name is not allowed.
    """
    from huggingface_hub import HfApi, snapshot_download

    wanted = ["*.json", "*.safetensors", "*.txt", "*.model"]
    with _told(name, HfApi().endpoint):
        return Path(snapshot_download(name, allow_patterns=wanted))


def _api() -> "HfApi":
    from huggingface_hub import HfApi, get_token

    token = get_token()
    if token is None:
        told = "There is no token for the Hub; `hf auth login` saves one, or set HF_TOKEN."
        raise UsageError(told)
    return HfApi(token=token, library_name="epoque")


def _create(api: "HfApi", repo: str, *, private: bool, update: bool, waits: Sequence[float]) -> str:
    """Make the model's repository, or check that the one there may be written; return its name."""
    from huggingface_hub.errors import HfHubHTTPError

    name = repo
    if "/" not in repo:
        name = f"{_again(api.whoami, waits)['name']}/{repo}"
    try:
        _again(lambda: api.create_repo(name, private=private), waits)
    except HfHubHTTPError as error:
        if error.response.status_code != 409:  # 409: it is there
            raise
        _check_existing(api, name, private=private, update=update, waits=waits)
    return name


def _check_existing(
    api: "HfApi", name: str, *, private: bool, update: bool, waits: Sequence[float]
) -> None:
    info = _again(lambda: api.model_info(name), waits)
    if private and not info.private:
        raise UsageError(f"{name} exists and is public; --private cannot hide it.")
    held = {found.rfilename for found in info.siblings or ()} - {_WRITTEN_BY_THE_HUB}
    if held and not update:
        told = f"{name} exists and holds {len(held)} files; --update replaces them."
        raise UsageError(f"The name is taken: {told}")


def _commit(api: "HfApi", folder: Path, names: Sequence[str], repo: str) -> None:
    from huggingface_hub import CommitOperationAdd

    files = [CommitOperationAdd(name, str(folder / name)) for name in names]
    api.create_commit(repo, files, commit_message="Upload model by Epoque")


def _again(call: Callable[[], T], waits: Sequence[float]) -> T:
    """Return what a call returns, trying again after what may pass."""
    for wait in waits:
        try:
            return call()
        except Exception as error:
            if not _may_pass(error):
                raise
        time.sleep(wait)
    return call()


def _may_pass(error: BaseException) -> bool:
    """Return whether the same request may succeed later."""
    status = _status(error)
    return status in _PASSING if status else _is_transport(error)


def _chain(error: BaseException) -> Iterator[BaseException]:
    found: BaseException | None = error
    while found is not None:
        yield found
        found = found.__cause__


def _status(error: BaseException) -> int:
    """Return the HTTP status that caused an error; 0 if none did."""
    from huggingface_hub.errors import HfHubHTTPError

    answers = (found.response for found in _chain(error) if isinstance(found, HfHubHTTPError))
    return next((int(answer.status_code) for answer in answers), 0)


def _is_transport(error: BaseException) -> bool:
    """Return whether no answer came at all."""
    # By name: which HTTP library huggingface_hub stands on has changed before.
    kinds = (kind.__name__ for found in _chain(error) for kind in type(found).__mro__)
    return "TransportError" in kinds


@contextmanager
def _told(repo: str, endpoint: str) -> Iterator[None]:
    """Turn what `huggingface_hub` raises in the block into one sentence."""
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    try:
        yield
    except EpoqueError:
        raise
    except HFValidationError as error:
        told = "owner/name, of letters, digits, hyphens, underscores and dots, is."
        raise UsageError(f"{repo!r} is no name on the Hub; {told}") from error
    except (OSError, ValueError, RuntimeError) as error:
        if status := _status(error):
            raise HubError(_refusal(status, repo, endpoint, error)) from error
        if _is_transport(error) or isinstance(error, ConnectionError | LocalEntryNotFoundError):
            raise HubError(_unreached(endpoint, error)) from error
        raise HubError(f"The Hub did not take {repo}: {_line(error)}") from error
    except Exception as error:
        if not _is_transport(error):
            raise
        raise HubError(_unreached(endpoint, error)) from error


def _unreached(endpoint: str, error: BaseException) -> str:
    """Return that no answer came, and why: the first cause says it best."""
    return f"The Hub at {endpoint} cannot be reached: {_line(list(_chain(error))[-1])}"


def _refusal(status: int, repo: str, endpoint: str, error: BaseException) -> str:
    match status:
        case 401:
            return "The Hub does not know the token; `hf auth login` saves a new one."
        case 403:
            return f"The Hub refuses: the token may not write to {repo}."
        case 404:
            return f"The Hub at {endpoint} has no model {repo}, or the token may not see it."
        case 429:
            return "The Hub asks for a pause: too many requests; try again later."
        case _ if status in _PASSING:
            return f"The Hub at {endpoint} fails (status {status}); the same command tries again."
    return f"The Hub refuses (status {status}): {_line(error)}"


def _line(error: BaseException) -> str:
    """Return the last line of an error's message, where the Hub says why, as a sentence."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{(lines or [type(error).__name__])[-1].rstrip('.')}."
