"""What a module says that it offers is there."""

import importlib
import pkgutil

import epoque

OPTIONAL = {"triton"}
"""What modules need that comes with PyTorch for CUDA only."""


def test_every_name_in_all_is_there() -> None:
    missing, count = [], 0
    for info in pkgutil.walk_packages(epoque.__path__, "epoque."):
        if info.name.endswith("__main__"):
            continue
        try:
            module = importlib.import_module(info.name)
        except ModuleNotFoundError as error:
            if error.name not in OPTIONAL:
                raise
            continue
        names = getattr(module, "__all__", [])
        count += len(names)
        missing += [f"{info.name}.{name}" for name in names if not hasattr(module, name)]
    assert missing == []
    assert count > 500
