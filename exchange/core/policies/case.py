"""What a liquidation policy is shown, and what it may ask for. It moves nothing: the venue does, and only in bounds.

A policy is any object with a method `decide(case) -> Intent | None`. The venue asks it again and again while the scope
is short of margin: after each order and each hand-over, with the case as it then stands, until it answers None or
`Wait`, or the scope is well.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, get_args, get_type_hints

import msgspec

from exchange.core.contract import Contract
from exchange.core.enums import PositionSide, Side
from exchange.core.units import div_ceil, div_floor


@dataclass(frozen=True, slots=True)
class PositionCase:
    """One position that can be acted on now. Lots and atoms, signed (+ long, - short); prices in ticks.

    `bankruptcy_value` is what closing all of it should at least bring, `best_price` the best price that a closing order
    would meet, 0 when nobody is there. `orders` were sent for it in this pass, and filled `filled` lots in all;
    `unfilled` of the last one were not.
    """

    contract: Contract
    side: PositionSide
    quantity: int
    mark_price: int
    entry_value: int
    maintenance_margin: int
    bankruptcy_value: int
    best_price: int
    orders: int = 0
    filled: int = 0
    unfilled: int = 0

    @property
    def symbol(self) -> str:
        """The contract's symbol."""
        return self.contract.symbol

    @property
    def lots(self) -> int:
        """Its size, without sign."""
        return abs(self.quantity)

    @property
    def closing_side(self) -> Side:
        """The side of an order that closes it."""
        return Side.SELL if self.quantity > 0 else Side.BUY

    @property
    def notional(self) -> int:
        """Its size at the mark in atoms, without sign."""
        return abs(self.contract.notional(self.mark_price, self.quantity))

    @property
    def bankruptcy_price(self) -> int:
        """The price at which it leaves its owner nothing, rounded so that a fill there leaves nothing to owe."""
        return limit_price(self.contract.value_unit, self.quantity, self.bankruptcy_value)

    @property
    def any_price(self) -> int:
        """The limit of a closing order that takes whatever there is."""
        return 1 if self.quantity > 0 else self.contract.max_price


@dataclass(frozen=True, slots=True)
class Case:
    """A scope that is short of margin, at the marks of this moment.

    `positions` are those that can be acted on: not of a halted contract, not given up in this pass; the largest
    maintenance margin first. `steps` were taken in this pass; `memory` is what the policy's last `Wait` left, 0 at
    first. `fund_equity` is that of the backstop.
    """

    ts: int
    account_id: int
    isolated: bool
    equity: int
    maintenance_margin: int
    positions: tuple[PositionCase, ...]
    fund_equity: int
    memory: int = 0
    steps: int = 0


@dataclass(frozen=True, slots=True)
class SendOrder:
    """Sell (or buy back) some lots of a position on the book, now, at `limit_price` or better.

    `fills_whole`: all of it or nothing. The fee of each fill is the rate on its notional, but never more than what the
    fill brought beyond bankruptcy; with `fund_pays_gap` the fund pays for a fill that brought less.
    """

    symbol: str
    side: PositionSide
    quantity: int
    limit_price: int
    fee_rate: int = 0
    fills_whole: bool = False
    fund_pays_gap: bool = False


@dataclass(frozen=True, slots=True)
class HandOver:
    """Give all that is left of a position to the backstop, at bankruptcy; what it cannot take is deleveraged."""

    symbol: str
    side: PositionSide


@dataclass(frozen=True, slots=True)
class Deleverage:
    """Close all that is left of a position against other traders, without asking the backstop."""

    symbol: str
    side: PositionSide


@dataclass(frozen=True, slots=True)
class Wait:
    """Do nothing more before `until` (nanoseconds), and remember a number until then."""

    until: int
    memory: int = 0


Intent = SendOrder | HandOver | Deleverage | Wait
FIELD_TYPES: Mapping[type, Mapping[str, type]] = {intent: get_type_hints(intent) for intent in get_args(Intent)}


class LiquidationPolicy(Protocol):
    """How a scope that is short of margin is brought back, or closed."""

    def decide(self, case: Case) -> Intent | None:
        """Return what to do next; None: nothing more in this pass. The same case must give the same answer."""
        ...


class PolicyRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="policy"):
    """Base of the policies that ship: their parameters, and what they decide."""


class Custom(PolicyRecord, frozen=True, tag="custom"):
    """A policy of the user's own: the journal keeps only where it is found, as `module:Class`."""

    path: str


def limit_price(value_unit: int, held: int, value: int) -> int:
    """Return the price in ticks at which `held` lots (signed) bring `value`: in favour of their owner, at least 1."""
    if held > 0:
        return max(1, div_ceil(value, held * value_unit))
    return max(1, div_floor(-value, -held * value_unit))


def ill_typed(answer: object) -> str:
    """Return what is wrong with the types of a policy's answer, empty when it is None or an intent of exact types.

    A policy is the user's: what it answers is known only when it is looked at. A bool is no whole number.
    """
    if answer is None:
        return ""
    fields = FIELD_TYPES.get(type(answer))
    if fields is None:
        return f"{type(answer).__name__} is no intent: return a SendOrder, HandOver, Deleverage or Wait, or None"
    wrong = (name for name, wanted in fields.items() if type(getattr(answer, name, None)) is not wanted)
    name = next(wrong, None)
    if name is None:
        return ""
    found = type(getattr(answer, name, None)).__name__
    return f"{type(answer).__name__}.{name} is of type {found}: {WANTED[fields[name]]}"


WANTED: Mapping[type, str] = {
    int: "lots, ticks, rates, times and memory must be whole numbers: divide with //",
    bool: "it must be True or False",
    str: "name the contract with position.symbol",
    PositionSide: "name the side with position.side",
}
