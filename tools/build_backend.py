"""Hatchling, asked for Node only where the studio's client has to be built.

An editable install never builds it, and a source distribution brings it: neither needs Node, which
is 60 MB to download. Hatchling's own way to require something for a hook requires it always.
"""

import tomllib

from client import ROOT, is_current
from hatchling import build
from hatchling.build import *  # noqa: F403 (a build backend is the names of a module)

DATA = ("annotated-types", "filelock", "pydantic", "pyyaml", "typing-extensions")
"""What `client_data` imports to write schemas and recipes."""

Settings = dict[str, object] | None


def get_requires_for_build_sdist(config_settings: Settings = None) -> list[str]:
    """Return what building a source distribution needs."""
    return [*build.get_requires_for_build_sdist(config_settings), *_client_requirements()]


def get_requires_for_build_wheel(config_settings: Settings = None) -> list[str]:
    """Return what building a wheel needs."""
    return [*build.get_requires_for_build_wheel(config_settings), *_client_requirements()]


def _client_requirements() -> list[str]:
    if is_current():
        return []
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return [*project["optional-dependencies"]["client"], *DATA]
