"""The guide of the lab tells commands and settings that exist."""

import re
import shlex
from pathlib import Path

import pytest
import yaml

from epoque.bench.recipes import find_recipe
from epoque.cli import build_app
from epoque.stylegan3 import commands
from epoque.stylegan3.config import StyleGan3Config

APP = commands.build_app("")

GUIDE = (Path(__file__).parents[2] / "docs" / "stylegan3.md").read_text("utf-8")
TOLD = re.findall(r"`(epoque [^`]+)`", GUIDE)
TOLD += [line for block in re.findall(r"```\n(.*?)```", GUIDE, re.S) for line in block.splitlines()]
COMMANDS = sorted({line.split(" #")[0].strip() for line in TOLD})


@pytest.mark.parametrize("line", [c for c in COMMANDS if c.startswith("epoque stylegan3 ")])
def test_its_commands_are_understood(line: str) -> None:
    words = shlex.split(line)[1:]
    command, _bound, unknown, *_ = build_app(words).parse_known_args(words)
    assert command is not APP.default_command
    assert not unknown


@pytest.mark.parametrize("line", [c for c in COMMANDS if c.startswith("epoque run stylegan3/")])
def test_its_experiments_are(line: str) -> None:
    _epoque, _run, recipe, *options = shlex.split(line)
    pairs = zip(options[::2], options[1::2], strict=True)
    typed = {name.removeprefix("--"): value for name, value in pairs}
    assert StyleGan3Config.parse({**find_recipe(recipe).config, **typed})


def test_its_own_recipe_is_understood() -> None:
    (text,) = re.findall(r"```yaml\n(.*?)```", GUIDE, re.S)
    told = yaml.safe_load(text)
    assert told["lab"] == "stylegan3"
    assert StyleGan3Config.parse(told["config"]).cbase == 4096


def test_its_settings_exist() -> None:
    known = {name.replace("_", "-") for name in StyleGan3Config.model_fields}
    about_training = GUIDE.split("## Training")[1].split("## Elsewhere")[0]
    options = {"skip-bad", "config", "resume", "dry-run"}
    told = set(re.findall(r"`--([a-z-]+)", about_training)) - options
    assert told
    assert told <= known
    assert len(COMMANDS) > 20
