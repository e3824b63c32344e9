"""Builds the studio's client into wheels and source distributions; an editable install has none.

Where the client cannot be built, neither can they: a wheel without its page is worth nothing.
"""

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ClientBuildHook(BuildHookInterface):  # type: ignore[type-arg]
    """Runs `tools/client.py` before files are gathered."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the client, unless the installation is editable or the client is current.

        Args:
            version: "standard" or "editable".
            build_data: of hatch; left as it is.

        Raises:
            BuildError: if the client cannot be built.
        """
        if version == "editable":
            return
        sys.path.insert(0, str(Path(self.root) / "tools"))
        try:
            from client import build_client, is_current

            if not is_current():
                build_client()
        finally:
            sys.path.pop(0)
