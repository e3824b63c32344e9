"""Where a stopped training goes on: at the newest checkpoint that belongs to what is in the folder.

A checkpoint carries the digest of config.json, of metrics.jsonl up to it, of the snapshots up to it
and of the files that a training makes only once. All are compared before anything is cut or
written. One that does not belong costs time: an older one takes its place, or the start. Only where
config.json itself is the odd one out is nothing done: that would train another experiment.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..command_line import build_command_line
from ..errors import ConfigError, DamagedRunError, DataError, RunFormatError
from ..events import Checkpoint
from ..files.atomic import encode_json, parse_json_object, read_file
from ..files.input_files import open_regular
from ..lab import Lab, find_lab
from ..setting_paths import flatten
from .manifest import digest_file
from .run import Run, digest_checkpoint

if TYPE_CHECKING:
    from hashlib import _Hash

__all__ = [
    "ResumePoint",
    "bind_checkpoint",
    "describe_differences",
    "digest_config",
    "find_resume_point",
]

Json = Mapping[str, Any]
CHUNK = 2**20


@dataclass(frozen=True, slots=True)
class ResumePoint:
    """Where a training goes on, and which files of its folder are known to be its own.

    Attributes:
        metadata: what config.json holds, or will hold again.
        rewritten: whether config.json must be written again.
        checkpoint: where to go on; None is the start.
        metrics_bytes: how much of metrics.jsonl is kept.
        metrics: the running SHA-256 of that much.
        files: name to SHA-256 of the snapshots, checkpoints and other files that are kept.
        once: those of them that a training makes only once.
        notice: what a user should know, or "".
    """

    metadata: Json
    rewritten: bool
    checkpoint: Checkpoint | None
    metrics_bytes: int
    metrics: "_Hash"
    files: Mapping[str, str]
    once: frozenset[str]
    notice: str


def bind_checkpoint(
    metadata: Json, metrics: "_Hash", files: Mapping[str, str], once: Iterable[str]
) -> dict[str, Any]:
    """Return what a checkpoint says of the rest of its run's folder.

    Args:
        metadata: what config.json holds.
        metrics: the running SHA-256 of metrics.jsonl.
        files: name to SHA-256 of what was written.
        once: which of these a training makes only once.

    Returns:
        `config`: that content whole, for the day that config.json is lost; `config_sha256`;
        `metrics_sha256`; `snapshots_sha256`, over their digests in order; `files`, the digests of
        those made once.
    """
    snapshots = [name for name in files if name.startswith("snapshots/")]
    return {
        "config": dict(metadata),
        "config_sha256": digest_config(metadata),
        "metrics_sha256": metrics.hexdigest(),
        "snapshots_sha256": _join_digests([files[name] for name in sorted(snapshots)]),
        "files": {name: files[name] for name in sorted(once)},
    }


def digest_config(metadata: Json) -> str:
    """Return the SHA-256 of config.json with this content, as it is written."""
    return hashlib.sha256(encode_json(dict(metadata))).hexdigest()


def _join_digests(digests: Iterable[str]) -> str:
    return hashlib.sha256("".join(digests).encode()).hexdigest()


def find_resume_point(run: Run) -> ResumePoint:
    """Find where a run goes on; the folder is only read.

    Raises:
        DamagedRunError: if config.json is not what the run was trained with, or cannot be read and
            no checkpoint tells it; or if a finished run could be made again from the start only.
    """
    folder = _Folder(run)
    metadata, rewritten = folder.config()
    lab = find_lab(metadata["lab"])
    own, reason = folder.own_checkpoints(digest_config(metadata), lab.max_checkpoints)
    last = own[-1] if own else None
    if last is None and run.status.state == "finished":
        raise _cannot_be_repaired(run, metadata, lab, reason or _first_difference(run))
    notice = f"{run.id}: config.json was damaged; its checkpoints tell it. " if rewritten else ""
    if reason:
        goes_on = f"It goes on from step {last.step}." if last else "It begins anew."
        notice += f"{run.id}: {reason}. {goes_on}"
    return ResumePoint(
        metadata,
        rewritten,
        run.checkpoint(last.step, digested=False) if last else None,
        last.metrics_bytes if last else 0,
        folder.metrics_until(last),
        folder.files_until(last, own),
        frozenset(last.bound["files"] if last else ()),
        notice.strip(),
    )


@dataclass(frozen=True, slots=True)
class _WholeCheckpoint:
    """A checkpoint that is whole in itself."""

    step: int
    metrics_bytes: int
    bound: Json
    files: Mapping[str, str]


class _Folder:
    """What a run's folder holds, looked at once."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self._damaged: dict[int, str] = {}
        self._whole = {checkpoint.step: checkpoint for checkpoint in self._read_checkpoints()}
        lengths = {checkpoint.metrics_bytes for checkpoint in self._whole.values()}
        self._metrics = _digest_prefixes(run.path / "metrics.jsonl", lengths | {0})
        self._snapshots = {step: self._snapshot(step) for step in run.snapshot_steps()}

    def _read_checkpoints(self) -> Iterator[_WholeCheckpoint]:
        for step in self.run.checkpoint_steps:
            try:
                yield _read_checkpoint(self.run.path, step)
            except DamagedRunError as error:
                self._damaged[step] = str(error).removesuffix(".")

    def _snapshot(self, step: int) -> tuple[str, str]:
        name = f"snapshots/step-{step:010d}.safetensors"
        try:
            return name, digest_file(self.run.path / name)
        except DamagedRunError:
            return name, "unreadable"

    def config(self) -> tuple[Json, bool]:
        """Return what config.json holds, and whether it must be written again.

        Raises:
            DamagedRunError: if it is the odd one out, or cannot be read and nothing else tells it.
        """
        witnesses = [c for c in self._whole.values() if self._saw_these_metrics(c)]
        by_digest = {c.bound["config_sha256"]: c.bound["config"] for c in witnesses}
        try:
            metadata = Run(self.run.path).read_metadata()
        except RunFormatError:
            raise
        except DamagedRunError:
            if len(by_digest) != 1:
                raise
            return next(iter(by_digest.values())), True
        if not witnesses or digest_config(metadata) in by_digest:
            return metadata, False
        saved = self.run.saved_digest("config.json")
        if saved in by_digest:
            return by_digest[saved], True
        raise _other_config(self.run, metadata, witnesses[-1].bound["config"])

    def _saw_these_metrics(self, checkpoint: _WholeCheckpoint) -> bool:
        digest = self._metrics.get(checkpoint.metrics_bytes)
        return digest is not None and digest.hexdigest() == checkpoint.bound["metrics_sha256"]

    def own_checkpoints(self, config: str, count: int | None) -> tuple[list[_WholeCheckpoint], str]:
        """Return the checkpoints that a training can go on from, and why not from a later one.

        Of a lab that keeps all its checkpoints, those after a damaged one are left: going on from
        before it makes it again. Where the last ones are kept, an older one is only a reserve.
        """
        own, reason = [], ""
        for step in self.run.checkpoint_steps:
            wrong = self._damaged.get(step) or self._why_not(self._whole[step], config)
            if not wrong:
                own.append(self._whole[step])
            else:
                reason = wrong
                if count is None:
                    break
        return own, reason

    def _why_not(self, checkpoint: _WholeCheckpoint, config: str) -> str:
        """Return why a checkpoint does not belong to what is in the folder; "" if it does."""
        start = f"the checkpoint at step {checkpoint.step} is not used:"
        if checkpoint.bound["config_sha256"] != config:
            return f"{start} it is of another experiment"
        if not self._saw_these_metrics(checkpoint):
            return f"{start} metrics.jsonl is not what it was then"
        last, snapshots = checkpoint.step, self._snapshots
        before = [digest for step, (_, digest) in snapshots.items() if step <= last]
        if _join_digests(before) != checkpoint.bound["snapshots_sha256"]:
            return f"{start} the snapshots before it are not what they were then"
        for name, digest in checkpoint.bound["files"].items():
            if _digest_or_none(self.run.path / name) != digest:
                return f"{start} {name} is not what it was then"
        return ""

    def metrics_until(self, last: _WholeCheckpoint | None) -> "_Hash":
        digest = self._metrics[last.metrics_bytes if last else 0]
        assert digest is not None
        return digest

    def files_until(
        self, last: _WholeCheckpoint | None, own: Iterable[_WholeCheckpoint]
    ) -> dict[str, str]:
        """Return name to SHA-256 of the files that stay."""
        if last is None:
            return {}
        files = {n: digest for step, (n, digest) in self._snapshots.items() if step <= last.step}
        for checkpoint in own:
            files |= checkpoint.files
        files |= last.bound["files"]
        return files


def _read_checkpoint(folder: Path, step: int) -> _WholeCheckpoint:
    """Return a checkpoint's JSON and digests.

    Raises:
        DamagedRunError: if it is damaged, or tells nothing of its run.
    """
    stem = f"checkpoints/step-{step:010d}"
    paths = [folder / f"{stem}{ending}" for ending in (".json", ".safetensors")]
    contents = [read_file(path) for path in paths]
    state = parse_json_object(paths[0], contents[0])
    if state.pop("sha256", None) != digest_checkpoint(contents[1], state):
        raise DamagedRunError(f"{folder / stem} is damaged: it is not what was saved.")
    try:
        length, bound, at = int(state["metrics_bytes"]), state["run"], state["step"]
        types = {"config": dict, "files": dict} | dict.fromkeys(_DIGESTS, str)
        if at != step or not all(isinstance(bound[n], kind) for n, kind in types.items()):
            raise TypeError
    except (KeyError, TypeError, ValueError):
        raise DamagedRunError(f"{folder / stem} is damaged: it is of no run.") from None
    digests = (hashlib.sha256(content).hexdigest() for content in contents)
    return _WholeCheckpoint(
        step,
        length,
        bound,
        {f"checkpoints/{p.name}": d for p, d in zip(paths, digests, strict=True)},
    )


_DIGESTS = ("config_sha256", "metrics_sha256", "snapshots_sha256")


def _digest_prefixes(path: Path, lengths: Iterable[int]) -> dict[int, "_Hash | None"]:
    """Return length to the SHA-256 of that much of a file; None if it is shorter."""
    digests: dict[int, _Hash | None] = dict.fromkeys(lengths)
    digest, read = hashlib.sha256(), 0
    digests[0] = digest.copy()
    try:
        with open_regular(path) as file:
            for length in sorted(digests):
                while read < length and (chunk := file.read(min(CHUNK, length - read))):
                    digest.update(chunk)
                    read += len(chunk)
                if read == length:
                    digests[length] = digest.copy()
    except (OSError, DataError):  # then only the start needs none of it
        pass
    return digests


def _digest_or_none(path: Path) -> str | None:
    try:
        return digest_file(path)
    except DamagedRunError:
        return None


def _other_config(run: Run, metadata: Json, saved: Json) -> DamagedRunError:
    return DamagedRunError(
        f"{run.path / 'config.json'} is not what {run.id} was trained with "
        f"({describe_differences(metadata, saved)}); "
        "nothing was changed. Put back what was there (or empty the file: `epoque resume` then "
        "takes it from the checkpoints), or start a new run with the other settings."
    )


def describe_differences(metadata: Json, saved: Json) -> str:
    """Return what the JSON of a record says otherwise than was known once: the first three."""
    mine, theirs = (_flatten_metadata(one) for one in (metadata, saved))
    names = [name for name in {**mine, **theirs} if mine.get(name) != theirs.get(name)]
    sentence = ", ".join(
        f"{n} {_short(mine.get(n))} there, {_short(theirs.get(n))} then" for n in names[:3]
    )
    return sentence + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _first_difference(run: Run) -> str:
    return next(run.differences(), "what it saved is whole, but no checkpoint is among it")


def _flatten_metadata(metadata: Json) -> dict[str, Any]:
    return {**{k: v for k, v in metadata.items() if k != "config"}, **flatten(metadata["config"])}


def _short(value: object) -> str:
    text = json.dumps(value)
    return text if len(text) <= 40 else f"{text[:36]}…"


def _cannot_be_repaired(run: Run, metadata: Json, lab: Lab[Any], reason: str) -> DamagedRunError:
    try:
        command = build_command_line(
            "run", metadata["recipe"], lab.config_class.from_record(metadata["config"])
        )
    except ConfigError:
        command = f"epoque run {metadata['recipe']}"
    return DamagedRunError(
        f"{run.id} is finished and damaged, and no checkpoint is left to repair it from: {reason}. "
        f"Nothing was changed; `{command}` makes another one."
    )
