"""Adaptive augmentation: how much there is follows from how sure the discriminator is."""

from dataclasses import dataclass

__all__ = ["AdaController"]


@dataclass
class AdaController:
    """Moves the probability of augmentations until overfitting is where it should be.

    The sign of what is measured is the r_t of Karras et al. 2020 ("Training Generative Adversarial
    Networks with Limited Data", section 3): the mean sign of the discriminator's answers to real
    images, 1 for all held to be real, 0 for a coin's guess.

    Attributes:
        target: of r_t.
        speed: images after which p may have gone from 0 to 1.
        p: the probability now, 0 to 1.
        total: sum of the signs since p was moved last.
        count: how many they are.
    """

    target: float
    speed: float
    p: float = 0.0
    total: float = 0.0
    count: float = 0.0

    def record(self, total: float, count: float) -> None:
        """Take note of some answers: the sum of their signs, and how many they are."""
        self.total += total
        self.count += count

    def adjust(self, images: int) -> None:
        """Move p by what so many images allow, and forget the signs."""
        if self.count:
            excess = self.total / self.count - self.target
            step = (excess > 0) - (excess < 0)
            self.p = min(1.0, max(0.0, self.p + step * images / self.speed))
        self.total = self.count = 0.0
