"""Whether a dotted name leads to something."""

import importlib
import inspect
import re


def is_there(dotted: str) -> bool:
    """Whether a name leads through a module to something in it, an attribute of objects too."""
    parts = dotted.split(".")
    for count in range(len(parts), 0, -1):
        try:
            value = importlib.import_module(".".join(parts[:count]))
        except ModuleNotFoundError as error:
            if error.name is not None and f"{dotted}.".startswith(f"{error.name}."):
                continue
            return True  # it is there, and needs what is not installed
        return all((value := _get(value, name)) is not None for name in parts[count:])
    return False


def _get(value: object, name: str) -> object | None:
    """Return a member; True for an attribute that only objects of a class have."""
    if hasattr(value, name):
        member = getattr(value, name)
        return True if member is None else member
    fields = {**getattr(value, "__annotations__", {}), **getattr(value, "model_fields", {})}
    if name in fields:
        return True
    assigned = rf"self\.{name}\b.* = "
    return (isinstance(value, type) and bool(re.search(assigned, inspect.getsource(value)))) or None
