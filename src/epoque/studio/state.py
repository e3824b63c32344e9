"""What the studio is started with and holds; each route gets it as a dependency."""

import asyncio
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from fastapi import Depends
from fastapi.requests import HTTPConnection

from .background import BackgroundRuns
from .models import LanguageName
from .sessions import Sessions
from .uploads import Uploads

if TYPE_CHECKING:
    from epoque.bench.runs.run import Runs

    from .run_figures import FigureCache
    from .run_metrics import MetricsCache
    from .run_table import RunTable

__all__ = ["Studio", "StudioDep", "StudioOptions"]


@dataclass(frozen=True, slots=True)
class StudioOptions:
    """What `epoque studio` was told.

    Attributes:
        runs: the folder of runs; it need not be there yet.
        language: the language that the page begins with; None: the browser's.
        max_sessions: trainings on the server that pages steer, of everybody together.
        max_runs: trainings in the background, likewise.
    """

    runs: Path
    language: LanguageName | None = None
    max_sessions: int = 64
    max_runs: int = 20


@dataclass
class Studio:
    """What all requests share.

    Attributes:
        options: what it was started with.
        uploads: the files that pages sent.
        sessions: the trainings that pages steer; no process is started before the first.
        background: the trainings that go on by themselves.
    """

    options: StudioOptions
    uploads: Uploads = field(init=False)
    sessions: Sessions = field(init=False)
    background: BackgroundRuns = field(init=False)

    def __post_init__(self) -> None:
        folder, limit = self.options.runs, self.options.max_sessions
        self.uploads = Uploads(folder / ".uploads")
        self.sessions = Sessions(folder / ".sessions", max_sessions=limit)
        self.background = BackgroundRuns(self.options.max_runs)

    async def close(self, seconds: float) -> None:
        """Save what is trained and end its processes, within so many seconds."""
        await asyncio.gather(self.sessions.close(seconds), self.background.close(seconds))
        if "table" in self.__dict__:  # it was asked for
            self.table.close()

    @cached_property
    def table(self) -> "RunTable":
        """The table of the runs of the folder."""
        from .run_table import RunTable

        return RunTable(self.options.runs)

    @cached_property
    def metrics(self) -> "MetricsCache":
        """The metrics of the runs that were looked at last."""
        from .run_metrics import MetricsCache

        return MetricsCache()

    @cached_property
    def figures(self) -> "FigureCache":
        """The figures that were drawn."""
        from .run_figures import FigureCache

        return FigureCache()

    @cached_property
    def runs(self) -> "Runs":
        """The runs of the folder."""
        from epoque.bench.runs.run import Runs

        return Runs(self.options.runs)


def _studio_of(connection: HTTPConnection) -> Studio:
    studio: Studio = connection.app.state.studio
    return studio


StudioDep = Annotated[Studio, Depends(_studio_of)]
"""The type of a route's parameter that receives the studio."""
