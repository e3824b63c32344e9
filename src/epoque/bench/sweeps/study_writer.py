"""Writing sweeps and searches: what is there is compared before anything is changed.

The parts of an unfinished one are bound to its JSON file (see `epoque.bench.sweeps.table_parts`),
the files of a finished one to its manifest. What can be made again is; only where the JSON file is
the odd one out nothing is done: that would measure something else.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ..errors import DamagedRunError, EpoqueError, RunWriteError, UsageError
from ..files.atomic import explain_write_errors, read_json, sync_files, write_json
from ..progress import Notify
from ..runs.creation_time import next_creation_time
from ..runs.lock import lock_record
from ..runs.lock_owner import check_owner, is_owner
from ..runs.manifest import MANIFEST, Digests, digest_file, digest_files, digest_json, read_manifest
from ..runs.record_folder import (
    create_record,
    make_record_name,
    remove_drafts,
    sign_environment,
)
from ..runs.resume_point import describe_differences
from ..runs.status import StatusFile, describe_end, find_status_differences, unseal
from ..stopping import handle_stop_signals
from .blocks import Losses
from .execution import Execution
from .study import Study
from .study_log import StudyLog
from .table_blocks import TableBlock
from .table_parts import FORMAT, TableParts, holds_older_parts, read_part_studies

__all__ = ["OpenStudy", "create_study", "lock_study", "sign_study"]


@dataclass(frozen=True, slots=True)
class OpenStudy:
    """A study whose folder is held for writing.

    Attributes:
        parts: what is measured so far.
        losses: what is lost meanwhile with the processes that measure; its status tells it.
        log: the trackers that are told of each point.
    """

    parts: TableParts
    losses: Losses
    log: StudyLog

    def save(self, place: int, block: TableBlock) -> None:
        """Write a part, and tell of its points.

        Args:
            place: of its first row in the table, from 0.
            block: the rows.

        Raises:
            RunWriteError: if the system refuses.
            RunLockedError: if another process has taken the study.
        """
        self.parts.write(place, block)
        self.log.log(place, block)


def create_study(
    root: str | Path,
    kind: Literal["sweep", "search"],
    recipe: str,
    seed: int,
    metadata: Mapping[str, Any],
) -> Path:
    """Make the folder of a study that is not begun, and return it.

    Args:
        root: the folder of runs.
        kind: of the study, which names its folder and its JSON file.
        recipe: the recipe that is measured.
        seed: of its base config.
        metadata: what its JSON file says.

    Raises:
        RunWriteError: if the system refuses.
    """

    def fill(draft: Path) -> None:
        write_json(draft / f"{kind}.json", metadata)

    moment = next_creation_time(Path(root))
    name = make_record_name(recipe, f"-{kind}", moment)
    return create_record(Path(root), name, seed, fill, moment)


@contextmanager
def lock_study(
    study: Study, notify: Notify | None = None, how: Execution | None = None
) -> Iterator[OpenStudy]:
    """Hold a study's folder for writing, and say in its status how the block ended.

    Args:
        study: the sweep or search.
        notify: receives what is not used and why.
        how: its points are measured.

    Yields:
        What is measured so far, what counts the losses, and what is told of each point.

    Raises:
        UsageError: if an older version measured parts that this one does not go on with.
        RunLockedError: if another process holds it.
        RunWriteError: if the folder cannot be written.
        DamagedRunError: if its JSON file is not what it was measured with; nothing is changed then.
    """
    path = study.path
    with lock_record(path), handle_stop_signals():
        parts = _open_parts(study, notify or (lambda _: None))
        remove_drafts(path)
        status = StatusFile(path)
        _drop_damaged(path, _saved_files(study))
        unseal(path)
        status.write("running")
        sign_study(study)
        losses, before, how = Losses(), status.timings, how or Execution()
        log = StudyLog(study)
        try:
            log = StudyLog(study, how.sinks)
            yield OpenStudy(parts, losses, log)
            check_owner(path)
            status.timings = before.counting(losses.counts())
            status.seal(_durable_digests(path))
            log.close("finished")
        except BaseException as error:
            status.timings = before.counting(losses.counts())
            with suppress(RunWriteError):  # a full disk already raised once
                if is_owner(path):
                    status.write(*describe_end(error))
            with suppress(EpoqueError):  # what ended the study is to be told
                log.close(*describe_end(error))
            raise


def sign_study(study: Study, device: str | None = None) -> None:
    """Bind environment.json to the study; one that is damaged or of another is written anew.

    Args:
        study: the sweep or search; of the open folder.
        device: known only once something was measured in this process.

    Raises:
        RunWriteError: if the system refuses.
    """
    metadata = {name: v for name, v in study.read_metadata().items() if name != "engine"}
    seed = int(metadata["config"].get("seed", 0))
    computed_by = None if device is None else {"device": device}
    sign_environment(study.path, digest_json(metadata), seed, computed_by, begins=True)


def _open_parts(study: Study, notify: Notify) -> TableParts:
    """Return the parts of a study, once its JSON file is known to be its own.

    Raises:
        DamagedRunError: if it is not.
    """
    folder, path = study.path / "parts", study.path / study.metadata_file
    if holds_older_parts(folder):
        raise UsageError(
            f"{folder} holds parts of format 1, and this version goes on with format {FORMAT} "
            f"only; delete it to measure all of {study.id} again."
        )
    try:
        metadata = study.read_metadata()
    except DamagedRunError:
        studies = read_part_studies(folder)
        if len(studies) != 1:
            raise
        metadata = studies[0]
        write_json(path, dict(metadata), durable=True)
        notify(f"{study.id}: {study.metadata_file} was damaged; its parts tell it.")
    _check_saved(study)
    parts = TableParts(folder, metadata)
    if parts.other_studies and not parts.paths:
        difference = describe_differences(metadata, parts.other_studies[0])
        raise DamagedRunError(
            f"{path} is not what the parts of {study.id} were measured with "
            f"({difference}); nothing was changed. Put back what "
            f"was there, or delete {folder} to measure all of it with what the file says now."
        )
    for notice in parts.notices:
        notify(notice)
    return parts


def _check_saved(study: Study) -> None:
    """Check that the JSON file of a finished study is what was saved.

    Raises:
        DamagedRunError: if it is not.
    """
    saved = (_saved_files(study) or {}).get(study.metadata_file)
    if saved and digest_file(study.path / study.metadata_file) != saved:
        study.check(study.metadata_file)


def _saved_files(study: Study) -> Digests | None:
    """Return what a finished study saved; None if its manifest is damaged, or of another study.

    A manifest that neither the status nor the JSON file knows is of another.
    """
    path = study.path
    try:
        files = read_manifest(path)
    except DamagedRunError:
        return None
    if files is None or files.get(study.metadata_file) == digest_file(path / study.metadata_file):
        return files
    return None if _names_other_manifest(path) else files


def _names_other_manifest(path: Path) -> bool:
    """Return whether a whole status.json names another manifest than there is."""
    with suppress(DamagedRunError, KeyError, TypeError):
        status = read_json(path / "status.json")
        if status.pop("sha256") == digest_json(status):
            return bool(status["files"][MANIFEST] != digest_file(path / MANIFEST))
    return False


def _drop_damaged(path: Path, files: Digests | None) -> None:
    """Remove what is damaged of a finished study and can be made again."""
    if files is None:
        return
    wrong = {name for name, digest in files.items() if _is_changed(path / name, digest)}
    if any(name.startswith("runs/") for name in wrong):  # a point is measured again
        wrong.add("table.parquet")
    wrong |= {problem.split()[0] for problem in find_status_differences(path)} & {
        "environment.json"
    }
    reproducible = ("table.parquet", "best.json", "environment.json")
    with explain_write_errors(path):
        for name in wrong:
            if name in reproducible or name.startswith("figures/"):
                (path / name).unlink(missing_ok=True)


def _is_changed(path: Path, digest: str) -> bool:
    try:
        return digest_file(path) != digest
    except DamagedRunError:
        return True


def _durable_digests(path: Path) -> dict[str, str]:
    """Return the digests of a study's files once the disk has them.

    Of a run inside it, its manifest stands for all of it.
    """
    files = [p for p in (*path.glob("*"), *path.glob("figures/*")) if _is_bound(p)]
    run_manifests = [p for level in ("*", "*/*") for p in path.glob(f"runs/{level}/{MANIFEST}")]
    sync_files([*files, path, path / "figures"])
    return digest_files(path, [*files, *run_manifests])


def _is_bound(path: Path) -> bool:
    # Optuna's journal tells times, as the first two do: never the same twice.
    excluded = ("status.json", "environment.json", "journal.log", MANIFEST)
    return path.is_file() and not path.name.startswith(".") and path.name not in excluded
