"""Bodies of the control API as records: what requests hold, what markets and fund look like. No HTTP, no rules."""

from collections.abc import Callable
from typing import Literal, TypeVar

import msgspec

from exchange.core.enums import PositionSide
from exchange.core.funding import predicted_rate
from exchange.core.state import Market, State
from exchange.core.units import NEVER
from exchange.dialects.binance.text.errors import Refusal
from exchange.dialects.binance.text.numbers import (
    money_text,
    price_text,
    quantity_text,
    rate_text,
    to_ms,
)

BODY_NOT_VALID = Refusal(-9101, "Body not valid: %s")


class Body(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Base of all request bodies: an unknown field is an error, so that a typing mistake is not silent."""


class NewAccount(Body, frozen=True):
    """Open an account; the deposit lands in the futures wallet. Amounts are decimal text."""

    name: str
    deposit: str
    funding_deposit: str = "0"


class Amount(Body, frozen=True):
    """Money to deposit or withdraw, as decimal text."""

    amount: str


class IndexPrice(Body, frozen=True):
    """A price of the manual feed, as decimal text: of one source of the index, or of all of them."""

    symbol: str
    price: str
    source: str = ""


class IndexSourceNamed(Body, frozen=True):
    """A source of a contract's index, or all of them."""

    symbol: str
    source: str = ""


class StateOfMarket(Body, frozen=True):
    """What a contract shall allow from now on; INDEX_STALE is found by the venue, and cannot be set."""

    symbol: str
    state: Literal["TRADING", "CANCEL_ONLY", "HALTED"]


class AutoAddMargin(Body, frozen=True):
    """Whether an account's isolated positions in a contract are topped up before they would be liquidated."""

    symbol: str
    enabled: bool


class Annotation(Body, frozen=True):
    """A text to record beside the commands."""

    kind: str
    text: str


B = TypeVar("B", bound=Body)


def parse_body(raw: bytes, kind: type[B]) -> B:
    """Return a JSON body as its record; -9101 says what is wrong with it."""
    try:
        return msgspec.json.decode(raw, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BODY_NOT_VALID.error(error) from error


def market_json(market: Market) -> dict[str, object]:
    """Return what a contract stands at: state, prices, the funding to come, sources; null where there is none yet."""
    contract = market.contract

    def price(ticks: int) -> str | None:
        return _known(ticks, lambda known: price_text(contract, known))

    return {
        "symbol": contract.symbol,
        "state": market.state.value,
        "operatorState": market.operator_state.value,
        "breakerUntil": None if market.breaker_due == NEVER else to_ms(market.breaker_due),
        "indexStale": market.index_stale,
        "indexPrice": price(market.index_price),
        "markPrice": price(market.mark_price),
        "lastPrice": price(market.last_price),
        "predictedFundingRate": rate_text(predicted_rate(market)),
        "nextFundingTime": to_ms(market.funding_due),
        "indexSources": [
            {
                "name": named.name,
                "weight": named.weight,
                "status": source.status.value,
                "price": price(source.price),
                "time": _known(source.updated_ts, to_ms),
            }
            for named, source in zip(contract.index.sources, market.sources.values(), strict=True)
        ],
    }


def fund_json(state: State) -> dict[str, object]:
    """Return the insurance fund as it stands: balance, losses it could not pay, positions it holds."""
    held = ((symbol, holding.legs[PositionSide.BOTH].position) for symbol, holding in state.fund.holdings.items())
    return {
        "balance": money_text(state.fund.wallet_balance),
        "shortfallTotal": money_text(state.shortfall_total),
        "positions": [
            {
                "symbol": symbol,
                "quantity": quantity_text(state.markets[symbol].contract, position.quantity),
                "entryValue": money_text(position.entry_value),
            }
            for symbol, position in held
            if position.quantity
        ],
    }


T = TypeVar("T")


def _known(value: int, told: Callable[[int], T]) -> T | None:
    """Return what is told of a value, nothing of 0: there is none yet."""
    return told(value) if value else None
