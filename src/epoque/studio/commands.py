"""What a page may ask over the websocket: one model a command, told apart by `do`."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from .frames import FrameError
from .models import LanguageName, Values

__all__ = [
    "AttachCommand",
    "ChangeCommand",
    "Command",
    "EndCommand",
    "FollowCommand",
    "IterateCommand",
    "OpenCommand",
    "PlayCommand",
    "RestartCommand",
    "SessionCommand",
    "UnfollowCommand",
    "read_command",
]

SessionId = Annotated[str, Field(pattern="^[0-9a-f]{32}$")]
RunId = Annotated[str, Field(min_length=1, max_length=255)]


class _Command(BaseModel):
    """What every command says.

    Attributes:
        id: of the question; its answer repeats it.
    """

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    id: int = Field(ge=0, le=2**53)


class OpenCommand(_Command):
    """Begin a training."""

    do: Literal["open"]
    lab: str = Field(max_length=100)
    config: Values = {}
    lang: LanguageName = "en"


class AttachCommand(_Command):
    """Show a training that is there: after a lost connection, or in another tab."""

    do: Literal["attach"]
    session: SessionId
    lang: LanguageName = "en"


class SessionCommand(_Command):
    """What needs no argument; `detach` leaves the training there, `end` does not."""

    do: Literal["pause", "phase", "look", "digest", "detach"]
    session: SessionId


class EndCommand(_Command):
    """End a training for good."""

    do: Literal["end"]
    session: SessionId


class PlayCommand(_Command):
    """Play at a pace in iterations a second; null: as fast as it goes."""

    do: Literal["play"]
    session: SessionId
    pace: float | None = Field(None, gt=0, le=1e9)


class IterateCommand(_Command):
    """Do some iterations, then be paused."""

    do: Literal["iterate"]
    session: SessionId
    count: int = Field(ge=1, le=10**9)


class ChangeCommand(_Command):
    """Change settings that may change during a run."""

    do: Literal["change"]
    session: SessionId
    values: Values


class RestartCommand(_Command):
    """Begin again from iteration 0 with these settings."""

    do: Literal["restart"]
    session: SessionId
    config: Values


class FollowCommand(_Command):
    """Show what a run's folder tells as it is written.

    Attributes:
        after: only metrics of later steps.
    """

    do: Literal["follow"]
    run: RunId
    after: int = Field(-1, ge=-1, le=2**53)


class UnfollowCommand(_Command):
    """Stop that."""

    do: Literal["unfollow"]
    run: RunId


Command = (
    OpenCommand
    | AttachCommand
    | SessionCommand
    | EndCommand
    | PlayCommand
    | IterateCommand
    | ChangeCommand
    | RestartCommand
    | FollowCommand
    | UnfollowCommand
)

_ADAPTER: TypeAdapter[Command] = TypeAdapter(Annotated[Command, Field(discriminator="do")])


def read_command(value: object) -> Command:
    """Return a command.

    Raises:
        FrameError: if it is none, naming what is wrong first.
    """
    try:
        return _ADAPTER.validate_python(value)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the command"
        raise FrameError(f"{place}: {first['msg']}") from None
