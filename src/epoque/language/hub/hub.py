"""Pushing a saved model to the Hugging Face Hub, and fetching one from there.

What is pushed is a folder that lies on the disk first, so a dry run writes exactly that. Where the
Hub is, and the token, come from where `huggingface_hub` looks: the variables HF_ENDPOINT and
HF_TOKEN, and the token that `hf auth login` saved.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from epoque.bench.errors import EpoqueError, HubError, UsageError

from .model_folder import list_files

if TYPE_CHECKING:
    from huggingface_hub import HfApi

__all__ = ["PushResult", "pull", "push"]

T = TypeVar("T")

WAITS = (1.0, 2.0, 4.0, 8.0)  # seconds before trying again
_TRANSIENT_STATUSES = (408, 429, 500, 502, 503, 504)  # after which trying again may help
_WRITTEN_BY_THE_HUB = ".gitattributes"


@dataclass(frozen=True)
class PushResult:
    """What a push did.

    Attributes:
        url: where the model is now.
        files: the names of its files.
    """

    url: str
    files: tuple[str, ...]


def push(
    folder: Path,
    repo: str,
    *,
    private: bool = False,
    update: bool = False,
    waits: Sequence[float] = WAITS,
) -> PushResult:
    """Push a saved model to the Hub, in one commit: all of it arrives, or nothing.

    What may pass (no connection, a timeout, a status such as 503) is tried again.

    Args:
        folder: a folder that `save_run` wrote, or any with a model of transformers'.
        repo: `owner/name`, or a name under the token's own account.
        private: whether only the owner may see it.
        update: whether the files of a model of that name may be replaced.
        waits: seconds before each new attempt.

    Raises:
        HubError: if the Hub cannot be reached or refuses.
        UsageError: if there is no model, no token, or the name is not allowed or taken.
    """
    names = list_files(folder)
    api = _api()
    with _explain_errors(repo, api.endpoint):
        full_name = _create(api, repo, private=private, update=update, waits=waits)
        _retry(lambda: _commit(api, folder, names, full_name), waits)
    return PushResult(f"{api.endpoint}/{full_name}", tuple(names))


def pull(name: str) -> Path:
    """Return the folder of a model of the Hub, downloaded where it is not cached.

    Raises:
        HubError: if the Hub cannot be reached or has no such model.
        UsageError: if the name is not allowed.
    """
    from huggingface_hub import HfApi, snapshot_download

    patterns = ["*.json", "*.safetensors", "*.txt", "*.model"]
    with _explain_errors(name, HfApi().endpoint):
        return Path(snapshot_download(name, allow_patterns=patterns))


def _api() -> "HfApi":
    from huggingface_hub import HfApi, get_token

    token = get_token()
    if token is None:
        raise UsageError(
            "There is no token for the Hub; `hf auth login` saves one, or set HF_TOKEN."
        )
    return HfApi(token=token, library_name="epoque")


def _create(api: "HfApi", repo: str, *, private: bool, update: bool, waits: Sequence[float]) -> str:
    """Make the model's repository, or check that the one there may be written; return its name."""
    from huggingface_hub.errors import HfHubHTTPError

    name = repo
    if "/" not in repo:
        name = f"{_retry(api.whoami, waits)['name']}/{repo}"
    try:
        _retry(lambda: api.create_repo(name, private=private), waits)
    except HfHubHTTPError as error:
        if error.response.status_code != 409:  # 409: it is there
            raise
        _check_existing(api, name, private=private, update=update, waits=waits)
    return name


def _check_existing(
    api: "HfApi", name: str, *, private: bool, update: bool, waits: Sequence[float]
) -> None:
    info = _retry(lambda: api.model_info(name), waits)
    if private and not info.private:
        raise UsageError(f"{name} exists and is public; --private cannot hide it.")
    files = {file.rfilename for file in info.siblings or ()} - {_WRITTEN_BY_THE_HUB}
    if files and not update:
        message = f"{name} exists and holds {len(files)} files; --update replaces them."
        raise UsageError(f"The name is taken: {message}")


def _commit(api: "HfApi", folder: Path, names: Sequence[str], repo: str) -> None:
    from huggingface_hub import CommitOperationAdd

    files = [CommitOperationAdd(name, str(folder / name)) for name in names]
    api.create_commit(repo, files, commit_message="Upload model by Epoque")


def _retry(call: Callable[[], T], waits: Sequence[float]) -> T:
    """Return what a call returns, trying again after what may pass."""
    for wait in waits:
        try:
            return call()
        except Exception as error:
            if not _is_transient(error):
                raise
        time.sleep(wait)
    return call()


def _is_transient(error: BaseException) -> bool:
    """Return whether the same request may succeed later."""
    status = _status(error)
    return status in _TRANSIENT_STATUSES if status else _is_transport(error)


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__


def _status(error: BaseException) -> int:
    """Return the HTTP status that caused an error; 0 if none did."""
    from huggingface_hub.errors import HfHubHTTPError

    responses = (e.response for e in _causes(error) if isinstance(e, HfHubHTTPError))
    return next((int(response.status_code) for response in responses), 0)


def _is_transport(error: BaseException) -> bool:
    """Return whether no answer came at all."""
    # By name: which HTTP library huggingface_hub stands on has changed before.
    kinds = (kind.__name__ for cause in _causes(error) for kind in type(cause).__mro__)
    return "TransportError" in kinds


@contextmanager
def _explain_errors(repo: str, endpoint: str) -> Iterator[None]:
    """Turn what `huggingface_hub` raises in the block into one sentence."""
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    try:
        yield
    except EpoqueError:
        raise
    except HFValidationError as error:
        form = "owner/name, of letters, digits, hyphens, underscores and dots, is."
        raise UsageError(f"{repo!r} is no name on the Hub; {form}") from error
    except (OSError, ValueError, RuntimeError) as error:
        if status := _status(error):
            raise HubError(_explain_refusal(status, repo, endpoint, error)) from error
        if _is_transport(error) or isinstance(error, ConnectionError | LocalEntryNotFoundError):
            raise HubError(_explain_unreachable(endpoint, error)) from error
        raise HubError(f"The Hub did not take {repo}: {_last_line(error)}") from error
    except Exception as error:
        if not _is_transport(error):
            raise
        raise HubError(_explain_unreachable(endpoint, error)) from error


def _explain_unreachable(endpoint: str, error: BaseException) -> str:
    """Return that no answer came, and why: the first cause says it best."""
    return f"The Hub at {endpoint} cannot be reached: {_last_line(list(_causes(error))[-1])}"


def _explain_refusal(status: int, repo: str, endpoint: str, error: BaseException) -> str:
    match status:
        case 401:
            return "The Hub does not know the token; `hf auth login` saves a new one."
        case 403:
            return f"The Hub refuses: the token may not write to {repo}."
        case 404:
            return f"The Hub at {endpoint} has no model {repo}, or the token may not see it."
        case 429:
            return "The Hub asks for a pause: too many requests; try again later."
        case _ if status in _TRANSIENT_STATUSES:
            return f"The Hub at {endpoint} fails (status {status}); the same command tries again."
    return f"The Hub refuses (status {status}): {_last_line(error)}"


def _last_line(error: BaseException) -> str:
    """Return the last line of an error's message, where the Hub says why, as a sentence."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{(lines or [type(error).__name__])[-1].rstrip('.')}."
