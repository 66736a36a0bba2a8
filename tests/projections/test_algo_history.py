"""History of conditional orders and of amendments: how they stand, what was before; a replay changes nothing."""

import sqlite3
from pathlib import Path

import pytest
from msgspec.structs import replace

from exchange.core.enums import (
    ConditionalStatus,
    ConditionalType,
    Execution,
    PositionSide,
    PriceMatch,
    RejectReason,
    SelfTradePrevention,
    Side,
    TimeInForce,
    WorkingType,
)
from exchange.core.events import ConditionalUpdated, Event, OrderUpdated
from exchange.core.records import ConditionalRecord, OrderRecord
from exchange.core.units import Atoms, Lots, Nanos, RateE8, Ticks
from exchange.projections.algo_history import AmendmentRow
from exchange.projections.derived import DamagedFileError
from exchange.projections.history import History
from tests.dialect.desk import Desk
from tests.projections.test_history import MS, Fed, order, placed

BTC = {"symbol": "BTCUSDT"}


def conditional(number: int, account_id: int = 1, symbol: str = "BTCUSDT", client: str = "") -> ConditionalRecord:
    return ConditionalRecord(
        conditional_id=number,
        account_id=account_id,
        symbol=symbol,
        client_id=client or f"mc-{number}",
        kind=ConditionalType.STOP_MARKET,
        side=Side.SELL,
        position_side=PositionSide.BOTH,
        quantity=Lots(10),
        trigger_price=Ticks(480_000),
        price=Ticks(0),
        working_type=WorkingType.MARK_PRICE,
        time_in_force=TimeInForce.GTC,
        reduce_only=False,
        close_position=False,
        price_protect=False,
        activation_price=Ticks(0),
        callback_rate=RateE8(0),
        self_trade_prevention=SelfTradePrevention.EXPIRE_MAKER,
        price_match=PriceMatch.NONE,
        good_till=Nanos(0),
        status=ConditionalStatus.NEW,
        created_ts=Nanos(number * MS),
        updated_ts=Nanos(number * MS),
    )


def amended(before: OrderRecord, price: int, quantity: int, modify_id: int = 0) -> OrderUpdated:
    record = replace(before, price=Ticks(price), quantity=Lots(quantity), modify_id=modify_id)
    return OrderUpdated(record, Execution.AMENDMENT)


def test_a_conditional_order_is_found_by_either_id_as_it_was_told_last() -> None:
    fed = Fed()
    first = conditional(7, client="mine")
    fed.feed(ConditionalUpdated(first))
    made = replace(first, status=ConditionalStatus.FINISHED, order_id=8, filled=Lots(10), cum_quote=Atoms(5))
    fed.feed(ConditionalUpdated(made))
    find = fed.history.conditionals.one
    assert find(1, 7) == find(1, client_id="mine") == made
    assert find(2, 7) is find(2, client_id="mine") is find(1, 8) is find(1, client_id="other") is None
    with pytest.raises(ValueError, match="an id or a client id"):
        find(1)


def test_of_those_that_shared_a_client_id_the_newest_is_found_also_once_it_is_written() -> None:
    fed = Fed()
    refused = replace(conditional(9, client="mine"), reject_reason=RejectReason.MARGIN_INSUFFICIENT, reject_detail=3)
    fed.feed(ConditionalUpdated(conditional(7, client="mine")), ConditionalUpdated(refused))
    fed.history.flush()
    assert fed.history.conditionals.one(1, client_id="mine") == refused


def test_conditional_orders_are_listed_from_an_id_from_a_time_or_the_newest() -> None:
    fed = Fed()
    for number in range(1, 7):
        fed.feed(ConditionalUpdated(conditional(number, symbol="ETHUSDT" if number == 4 else "BTCUSDT")))
    fed.feed(ConditionalUpdated(conditional(9, account_id=2)))

    def ids(symbol: str | None = "BTCUSDT", **asked: int) -> list[int]:
        return [row.conditional_id for row in fed.history.conditionals.many(1, symbol, **asked)]

    assert ids() == [1, 2, 3, 5, 6]
    assert ids(None, limit=3) == [4, 5, 6]
    assert ids(from_id=2, limit=2) == [2, 3]
    assert ids(start_ms=2, end_ms=5) == [2, 3, 5]
    assert ids(end_ms=5, limit=2) == [3, 5]
    assert ids(start_ms=7) == []


@pytest.mark.parametrize("written", [False, True], ids=["gathered", "written"])
def test_an_amendment_tells_what_was_before_it_and_how_manieth_it_is(*, written: bool) -> None:
    fed = Fed()
    first = order(7, client="mine")
    fed.feed(placed(first), placed(order(8)))
    once = amended(first, 510, 20, modify_id=5)
    for change in (once, amended(once.order, 510, 15)):
        if written:
            fed.history.flush()
        fed.feed(change)
    fed.feed(amended(order(8), 490, 10))
    rows = fed.history.amendments.many(1, "BTCUSDT", order_id=7)
    assert rows == [
        AmendmentRow(1, "BTCUSDT", 7, "mine", 500, 510, 10, 20, 1, 5, 2 * MS),
        AmendmentRow(2, "BTCUSDT", 7, "mine", 510, 510, 20, 15, 2, 0, 3 * MS),
    ]
    assert fed.history.amendments.many(1, "BTCUSDT", client_order_id="mine") == rows
    assert [row.count for row in fed.history.amendments.many(1, "BTCUSDT", order_id=8)] == [1]
    assert [row.count for row in fed.history.amendments.many(1, "BTCUSDT", order_id=7, limit=1)] == [2]
    assert [row.count for row in fed.history.amendments.many(1, "BTCUSDT", order_id=7, end_ms=2)] == [1]
    assert fed.history.amendments.many(2, "BTCUSDT", order_id=7) == []
    assert fed.history.amendments.many(1, "ETHUSDT", order_id=7) == []
    with pytest.raises(ValueError, match="order id"):
        fed.history.amendments.many(1, "BTCUSDT")


def test_a_replay_is_skipped_where_it_is_known_and_goes_on_where_it_is_not(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite"
    first, story = order(7), [conditional(3), replace(conditional(3), status=ConditionalStatus.CANCELED)]
    events: list[Event] = [placed(first), amended(first, 510, 20), ConditionalUpdated(story[0])]
    later: list[Event] = [amended(amended(first, 510, 20).order, 520, 20), ConditionalUpdated(story[1])]
    died = Fed(History(path))
    for event in events:
        died.feed(event)
    died.history.flush()
    died.feed(later[0])  # not written
    died.history.abandon()
    again = Fed(History(path))
    for event in (*events, *later):
        again.feed(event)
    assert [(row.price, row.count) for row in again.history.amendments.many(1, "BTCUSDT", order_id=7)] == [
        (510, 1),
        (520, 2),
    ]
    assert again.history.conditionals.many(1) == [story[1]]
    again.history.close()


def test_an_amended_order_that_the_file_has_lost_is_damage(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite"
    fed = Fed(History(path))
    fed.feed(placed(order(7)))
    fed.history.flush()
    with sqlite3.connect(path) as other:
        other.execute("DELETE FROM orders")
    other.close()
    with pytest.raises(DamagedFileError, match="a record cannot be read"):
        fed.feed(amended(order(7), 510, 20))
    fed.history.abandon()


def test_what_waits_in_memory_is_bounded_by_what_is_written_at_once() -> None:
    fed = Fed()
    first = order(7)
    fed.feed(placed(first))
    for number in range(3_000):
        fed.feed(amended(first, 500 + number % 2, 10), ConditionalUpdated(conditional(number + 10)))
    assert len(fed.history.amendments) + len(fed.history.conditionals) < 1_000
    assert len(fed.history.amendments.many(1, "BTCUSDT", order_id=7, limit=5_000)) == 3_000
    assert len(fed.history.conditionals.many(1, limit=5_000)) == 3_000


def test_history_knows_every_conditional_order_as_the_venue_tells_it() -> None:
    desk = Desk()
    trader = desk.account(10_000)
    params = {**BTC, "algoType": "CONDITIONAL", "side": "SELL", "quantity": "0.010", "type": "STOP_MARKET"}
    told = [
        desk.call(trader, "POST", "/fapi/v1/algoOrder", {**params, "triggerPrice": price})
        for price in ("48000", "47000", "46000")
    ]
    waiting = desk.venue.state.accounts[trader].conditionals
    assert desk.history.conditionals.many(trader) == [found.record() for found in waiting.values()]
    assert len(told) == len(waiting) == 3
