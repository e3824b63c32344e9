"""The table of runs of a studio: the index, and the thread that keeps it as the folders are."""

import threading
import time
from contextlib import suppress
from pathlib import Path

from epoque.bench.errors import EpoqueError, UnknownNameError
from epoque.bench.runs.index import Page, RunsIndex
from epoque.bench.runs.index_filter import Query
from epoque.bench.runs.run import Run, Runs

__all__ = ["RunTable"]

MOST_UNREAD = 200
"""New runs that a page waits for; more are read in the background, and told meanwhile."""
IDLE_SECONDS = 30.0
"""So long after the last question nobody looks at the folders any more."""
LOOK_SECONDS = 3.0
SECONDS_TO_STOP = 0.5
"""That a look that goes on has to end, when the table is closed."""
WORK_SHARE = 0.1
"""Of the time of one core: looks at very many folders are farther apart."""
NEWEST = Query(limit=1)


class RunTable:
    """The table of a folder of runs; threads may share it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._index: RunsIndex | None = None
        self._asked = 0.0
        self._lock = threading.Lock()
        self._watcher: threading.Thread | None = None
        self._closed = threading.Event()

    @property
    def index(self) -> RunsIndex:
        """The index, opened when it is first needed, and looked after from then on."""
        self._asked = time.monotonic()
        with self._lock:
            if self._index is None:
                self._index = Runs(self.root).open_index()
            if self._watcher is None and not self._closed.is_set():
                self._watcher = threading.Thread(target=self._watch, daemon=True)
                self._watcher.start()
            return self._index

    def page(self, query: Query) -> Page:
        """Return some rows; very many new runs are read in the background."""
        return self.index.page(query, most_unread=MOST_UNREAD)

    def find(self, run_id: str) -> Run:
        """Return a run by its whole id, or `last`.

        Raises:
            UnknownNameError: if there is none; an id is looked up and never joined to a path.
        """
        if run_id == "last":
            newest = self.page(NEWEST).rows
            run_id = newest[0].id if newest else run_id
        row = self.index.find(run_id)
        path = self.index.path(run_id) if row is not None else None
        if path is None:
            raise UnknownNameError("run", run_id[:200], ())
        return Run(path)

    def close(self) -> None:
        """End the thread and close the index."""
        self._closed.set()
        watcher = self._watcher
        if watcher is not None:  # it may be reading
            watcher.join(SECONDS_TO_STOP)
        with self._lock:
            if self._index is not None:
                self._index.close()
                self._index = None

    def _watch(self) -> None:
        """Keep the index as the folders are, as long as somebody asks."""
        try:
            while self._is_wanted():
                began = time.monotonic()
                self._look()
                took = time.monotonic() - began
                if self._closed.wait(max(LOOK_SECONDS, took / WORK_SHARE)):
                    return
        finally:  # whoever asks next starts another
            self._watcher = None

    def _look(self) -> None:
        with self._lock:
            index = self._index
        if index is not None:
            with suppress(EpoqueError, OSError):  # it is told to whoever asks
                index.refresh(stop=self._closed.is_set)

    def _is_wanted(self) -> bool:
        return not self._closed.is_set() and time.monotonic() - self._asked <= IDLE_SECONDS
