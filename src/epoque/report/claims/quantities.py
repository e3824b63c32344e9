"""What a report may claim a number of: the quantities of claims, each by its id."""

from collections.abc import Iterable
from dataclasses import dataclass

from epoque.bench.errors import UnknownNameError, UsageError

from .claim_sets import ClaimSet
from .rules import Claim, Effect, Line, Number, Proportion, Share, Statement

__all__ = ["Quantity", "find_quantity", "list_quantities"]


@dataclass(frozen=True)
class Quantity:
    """A quantity that the lines of claims measure.

    Attributes:
        id: `neuron/and-error-400`, or of a line without a name `1.4/2`: claim and line.
        claims: the set of the claim.
        claim: whose line it is.
        line: what measures it.
    """

    id: str
    claims: ClaimSet
    claim: Claim
    line: Line

    @property
    def takes_number(self) -> bool:
        """Whether a number can be reported of it: whether it is one number for each seed."""
        return isinstance(self.line, Number | Statement | Effect | Share)

    def with_number(self, reported: str, *, about: bool = False) -> Number:
        """Return the line that claims a number of it.

        Args:
            reported: see `Number`.
            about: whether it is called approximate.

        Raises:
            UsageError: if it takes no number.
        """
        if not self.takes_number:
            rule = type(self.line).__name__.lower()
            raise UsageError(f"{self.id} takes no number: it is a line of the rule {rule}.")
        kind = Proportion if isinstance(self.line, Share) else Number
        return kind(
            quantity=self.line.quantity,
            measure=self.line.measure,
            reported=reported,
            about=about,
            id=self.id,
            sources=self.line.sources,
        )


def list_quantities(sets: Iterable[ClaimSet]) -> dict[str, Quantity]:
    """Return id to quantity, of those that a number can be reported of; each by one id."""
    return {
        quantity.id: quantity
        for each in sets
        for claim in each.claims
        for quantity in _quantities(each, claim)
        if quantity.takes_number
    }


def find_quantity(sets: Iterable[ClaimSet], name: str) -> Quantity:
    """Return the quantity of an id: its own, that of its claim and line, or of a claim's only one.

    Raises:
        UnknownNameError: if there is none, with the nearest.
        UsageError: if it takes no number, or a claim has several.
    """
    names: dict[str, Quantity] = {}
    numbered: dict[str, Quantity] = {}
    for each in sets:
        for claim in each.claims:
            quantities = _quantities(each, claim)
            numbered |= {f"{claim.id}/{n}": q for n, q in enumerate(quantities, 1)}
            names |= {q.id: q for q in quantities}
            if name == claim.id:
                return _only(claim, quantities)
    names |= numbered
    if name not in names:
        raise UnknownNameError("value to claim named", name, names)
    return names[name]


def _quantities(claims: ClaimSet, claim: Claim) -> list[Quantity]:
    return [
        Quantity(f"{claims.prefix}{line.id}" if line.id else f"{claim.id}/{n}", claims, claim, line)
        for n, line in enumerate(claim.quantities(), 1)
    ]


def _only(claim: Claim, quantities: Iterable[Quantity]) -> Quantity:
    """Return the one quantity of a claim that takes a number."""
    usable = [quantity for quantity in quantities if quantity.takes_number]
    if len(usable) == 1:
        return usable[0]
    listed = f": {', '.join(quantity.id for quantity in usable)}" if usable else ""
    raise UsageError(f"claim {claim.id} has {len(usable)} values that take a number{listed}.")
