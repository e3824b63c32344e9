"""What a page draws of a training, as data: views name arrays and metrics, and draw nothing.

A lab says in `Lab.views` what its live page shows. A view names columns of the metrics or arrays of
the `Snapshot` events and how they lie; where a snapshot lacks one, its view is left out, so that a
lab may list the views of all its models. Titles and labels are English; French comes from the
catalogue. Colors are those of the house (`epoque.bench.figures.plot`), by their names.

```python
views = (
    Plane(mark("Points"), (Points("real", mark("real"), "blue"), Points("fake", mark("fake")))),
    Curves(mark("Losses"), {"loss_d": mark("discriminator"), "loss_g": mark("generator")}),
)
```
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from .errors import UsageError

__all__ = [
    "Arrows",
    "Cells",
    "Color",
    "Curves",
    "Images",
    "Lattice",
    "Layer",
    "Network",
    "Plane",
    "Points",
    "Text",
    "View",
    "views_to_json",
]

Color: TypeAlias = Literal["blue", "vermilion", "green", "purple", "ink", "muted"]
Translate: TypeAlias = Callable[[str], str]

COLORS = ("blue", "vermilion", "green", "purple", "ink", "muted")


@dataclass(frozen=True, slots=True)
class Curves:
    """Metrics over the iterations, in one picture.

    Attributes:
        title: of the picture.
        metrics: column of the metrics to its label; at most ten. What is not measured is left out.
        log: whether the picture begins with a log scale.
        references: a level worth knowing to its label, such as log 4.
    """

    title: str
    metrics: Mapping[str, str]
    log: bool = False
    references: Mapping[float, str] | None = None

    def __post_init__(self) -> None:
        if not 0 < len(self.metrics) <= 10:
            raise UsageError(f"The view {self.title!r} has {len(self.metrics)} curves; 1 to 10.")

    def to_json(self, translate: Translate) -> dict[str, Any]:
        """Return the view as a page reads it."""
        return {
            "kind": "curves",
            "title": translate(self.title),
            "metrics": [{"name": n, "label": translate(t)} for n, t in self.metrics.items()],
            "log": self.log,
            "references": [
                {"value": value, "label": translate(text)}
                for value, text in (self.references or {}).items()
            ],
        }


@dataclass(frozen=True, slots=True)
class Points:
    """Points of a plane: an array [n, 2] of x and y.

    Attributes:
        array: its name.
        label: what a reader calls them.
        color: of all of them.
        form: a disc or a ring, since color is never alone.
        classes: an array [n] of zeros and ones that tells two kinds apart: ones are blue discs,
            zeros vermilion rings, whatever `color` and `form` say.
    """

    array: str
    label: str
    color: Color = "vermilion"
    form: Literal["disc", "ring"] = "disc"
    classes: str | None = None

    def to_json(self, translate: Translate) -> dict[str, Any]:
        """Return the layer as a page reads it."""
        return {
            "kind": "points",
            "array": self.array,
            "label": translate(self.label),
            "color": _check_color(self.color),
            "form": self.form,
            "classes": self.classes,
        }


@dataclass(frozen=True, slots=True)
class Cells:
    """A number for each cell of the plane: an array [rows, columns], row 0 the lowest y.

    Attributes:
        array: its name.
        label: what the numbers are.
        low: the number that is all vermilion.
        high: the number that is all blue; halfway is paper.
    """

    array: str
    label: str
    low: float = 0.0
    high: float = 1.0

    def to_json(self, translate: Translate) -> dict[str, Any]:
        """Return the layer as a page reads it."""
        return {
            "kind": "cells",
            "array": self.array,
            "label": translate(self.label),
            "low": self.low,
            "high": self.high,
        }


@dataclass(frozen=True, slots=True)
class Lattice:
    """A lattice of points and its lines: an array [rows, columns, 2], or a curve [n, 2].

    Attributes:
        array: its name.
        label: what a reader calls it.
        color: of its lines.
    """

    array: str
    label: str
    color: Color = "purple"

    def to_json(self, translate: Translate) -> dict[str, Any]:
        """Return the layer as a page reads it."""
        return {
            "kind": "lattice",
            "array": self.array,
            "label": translate(self.label),
            "color": _check_color(self.color),
        }


@dataclass(frozen=True, slots=True)
class Arrows:
    """An arrow at each point: two arrays [n, 2], where it begins and where it points.

    Attributes:
        array: the name of the array of directions; the longest is drawn a tenth of the plane long.
        at: the name of the array of points.
        label: what a reader calls them.
        color: of all of them.
    """

    array: str
    at: str
    label: str
    color: Color = "green"

    def to_json(self, translate: Translate) -> dict[str, Any]:
        """Return the layer as a page reads it."""
        return {
            "kind": "arrows",
            "array": self.array,
            "at": self.at,
            "label": translate(self.label),
            "color": _check_color(self.color),
        }


Layer: TypeAlias = Points | Cells | Lattice | Arrows


@dataclass(frozen=True, slots=True)
class Plane:
    """A square of the plane.

    Attributes:
        title: of the picture.
        layers: from back to front; those whose arrays a snapshot lacks are left out.
        corner: the least x and y that are shown; None fits them to the first points.
        size: of the square's side.
    """

    title: str
    layers: tuple[Layer, ...]
    corner: tuple[float, float] | None = (0.0, 0.0)
    size: float = 1.0

    def to_json(self, translate: Translate) -> dict[str, Any]:
        """Return the view as a page reads it."""
        return {
            "kind": "plane",
            "title": translate(self.title),
            "layers": [layer.to_json(translate) for layer in self.layers],
            "corner": None if self.corner is None else list(self.corner),
            "size": self.size,
        }


@dataclass(frozen=True, slots=True)
class Network:
    """A network of few neurons: its links, as wide as their weights.

    Attributes:
        title: of the picture.
        weights: the names of the weights' arrays [inputs, outputs], with `{layer}` for 1, 2, …; or,
            without it, the name of one array of a single neuron: its weights, then its bias.
        biases: likewise of the biases' arrays [outputs]; None if there are none.
        inputs: a reader's words for the inputs; None numbers them.
    """

    title: str
    weights: str = "w{layer}"
    biases: str | None = "b{layer}"
    inputs: tuple[str, ...] | None = None

    def to_json(self, translate: Translate) -> dict[str, Any]:
        """Return the view as a page reads it."""
        return {
            "kind": "network",
            "title": translate(self.title),
            "weights": self.weights,
            "biases": self.biases,
            "inputs": None if self.inputs is None else [translate(text) for text in self.inputs],
        }


@dataclass(frozen=True, slots=True)
class Images:
    """Pictures: an array [n, height, width], or [n, height, width, 1 or 3 channels].

    Attributes:
        title: of them all.
        array: its name.
        low: the number that is black.
        high: the number that is white.
    """

    title: str
    array: str
    low: float = 0.0
    high: float = 255.0

    def to_json(self, translate: Translate) -> dict[str, Any]:
        """Return the view as a page reads it."""
        return {
            "kind": "images",
            "title": translate(self.title),
            "array": self.array,
            "low": self.low,
            "high": self.high,
        }


@dataclass(frozen=True, slots=True)
class Text:
    """A text: an array [n] of the bytes of its UTF-8, or [lines, n] with zeros at the ends.

    Attributes:
        title: of it.
        array: its name.
    """

    title: str
    array: str

    def to_json(self, translate: Translate) -> dict[str, Any]:
        """Return the view as a page reads it."""
        return {"kind": "text", "title": translate(self.title), "array": self.array}


View: TypeAlias = Curves | Plane | Network | Images | Text


def views_to_json(views: Iterable[View], language: str = "en") -> list[dict[str, Any]]:
    """Return views as a page reads them, each with its `kind`, in a language's words."""
    from .i18n import translator

    translate = translator(language)
    return [view.to_json(translate) for view in views]


def _check_color(color: str) -> str:
    if color not in COLORS:
        raise UsageError(f"There is no color {color!r}; there are {', '.join(COLORS)}.")
    return color
