"""What `import epoque` gives, and how little it imports for that."""

import subprocess
import sys

import pytest

import epoque
from epoque.bench import errors


def test_all_that_is_public_is_there_and_listed() -> None:
    assert len(epoque.__all__) == len(set(epoque.__all__))
    for name in epoque.__all__:
        assert getattr(epoque, name) is not None
    assert set(dir(epoque)) == {*epoque.__all__, *epoque.labs()}
    with pytest.raises(AttributeError, match="has no attribute 'ruin'"):
        epoque.ruin  # noqa: B018


def test_every_exception_is_exported_and_drawn() -> None:
    classes = {
        name: value
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, errors.EpoqueError)
    }
    assert classes.keys() <= set(epoque.__all__)
    tree = (errors.__doc__ or "").splitlines()
    depths = {line.split("── ")[1].split()[0]: line.index("──") for line in tree if "── " in line}
    assert depths.keys() == classes.keys()
    for name, value in classes.items():
        parent = value.__mro__[1].__name__
        if parent in depths:
            assert depths[name] > depths[parent]


def test_labs_and_recipes_are_named() -> None:
    assert {"neuron", "gan2d", "language", "stylegan3"} <= set(epoque.labs())
    assert "neuron/and" in epoque.recipes()
    assert all(name.startswith("gan2d/") for name in epoque.recipes("gan2d"))
    with pytest.raises(epoque.UnknownNameError, match="Did you mean gan2d"):
        epoque.recipes("gand2d")


@pytest.mark.parametrize("lab", ["neuron", "gan2d", "language", "stylegan3"])
def test_the_actions_of_a_lab_are_documented_functions(lab: str) -> None:
    package = getattr(epoque, lab)
    assert dir(package) == sorted(package.__all__)
    for name in package.__all__:
        function = getattr(package, name)
        assert function.__name__ == name
        assert function.__doc__.count("Args:") == 1
        assert "Returns:" in function.__doc__


def test_the_import_is_light() -> None:
    code = (
        "import sys, epoque\n"
        "assert not {'pydantic', 'cyclopts', 'numpy'} & set(sys.modules)\n"
        "dir(epoque), dir(epoque.stylegan3), dir(epoque.language), dir(epoque.gan2d)\n"
        "epoque.stylegan3.generate, epoque.language.generate, epoque.gan2d.film\n"
        "import os; os.environ.pop('OMP_WAIT_POLICY', None); epoque.labs()\n"
        "assert os.environ['OMP_WAIT_POLICY'] == 'PASSIVE'  # before PyTorch is imported\n"
        "print({'torch', 'jax', 'numpy', 'matplotlib', 'pandas', 'cyclopts'} & set(sys.modules))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout == "set()\n"
