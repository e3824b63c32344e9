"""What a picture says of its run."""

from epoque.gan2d.config import Gan2dConfig
from epoque.gan2d.figures.words import subject


def test_points_of_a_file_are_named_after_it() -> None:
    shipped = Gan2dConfig(data="image", image="epoque:cat.png")
    assert subject(shipped, "en") == subject(shipped, "fr") == "cat.png"
    own = Gan2dConfig(data="csv", csv="somewhere/my-points-of-last-summer.csv")
    assert subject(own, "en") == "my-points-of-last…"
    assert subject(Gan2dConfig(data="ring"), "fr") == "Anneau"
