"""Liquidations, deleveragings and the fund as the control API tells them: JSON-able objects of records. No HTTP."""

from collections.abc import Mapping

from exchange.admin.sentences import story
from exchange.core.account import FUND_ID
from exchange.core.contract import Contract
from exchange.core.events import Deleveraged, MarginCallPosition, PositionLiquidated
from exchange.core.policies.backstop import BackstopKind
from exchange.core.policies.case import limit_price
from exchange.dialects.binance.text.numbers import (
    average_price_text,
    money_text,
    notional_text,
    price_text,
    quantity_text,
    to_ms,
)
from exchange.projections import avoidance
from exchange.projections.case_files import ClosingKind, Episode, Liquidation, MarkMove, SharedLoss, residue_at_takeover
from exchange.projections.liquidations import AdlRow, FundRow

Json = dict[str, object]
Contracts = Mapping[str, Contract]


def liquidation_json(contracts: Contracts, found: Liquidation) -> Json:
    """Return one row of the tape of liquidations; values are notionals in quote."""
    event = found.event
    assert event is not None, "the tape holds what was reported"
    contract = contracts[event.symbol]
    return {
        "seq": found.seq,
        "time": to_ms(found.ts),
        **_head(contract, event),
        **_place(found),
        "trigger": _trigger_json(contracts, found.episode),
        "equity": money_text(event.equity),
        "maintenanceMargin": money_text(event.maintenance_margin),
        "bankruptcyValue": money_text(event.bankruptcy_value),
        **_asked(contract, event, found),
        "fee": money_text(event.fee),
        "takenOverQuantity": quantity_text(contract, event.taken_over_quantity),
        "takenOverValue": money_text(event.taken_over_value),
        "path": _path_json(contract, found),
        "paid": _paid_json(contracts, found),
    }


def why_json(contracts: Contracts, found: Liquidation, backstop: BackstopKind) -> Json:
    """Return one liquidation in one answer: what was, what set it off, what was done, who paid, what avoids it.

    `backstop`, what the venue has: the sentences name it.
    """
    event, episode = found.event, found.episode
    head: Json = {"seq": found.seq, "time": to_ms(found.ts), "text": story(contracts, found, backstop)}
    if event is None or episode is None:  # a vault under water: nobody was liquidated
        contract = contracts[found.symbol]
        row: Json = {"liquidationId": found.liquidation_id, "accountId": FUND_ID, "symbol": contract.symbol}
        return {**head, **row, **_place(found), "path": _path_json(contract, found)}
    contract, locked = contracts[event.symbol], episode.locked
    price = limit_price(contract.value_unit, event.quantity, _signed(event, event.bankruptcy_value))
    return {
        **head,
        **_head(contract, event),
        **_place(found),
        "margin": _margin_json(contracts, episode),
        "trigger": _trigger_json(contracts, episode),
        **_asked(contract, event, found),
        "averagePrice": average_price_text(contract, event.filled_value, event.filled_quantity),
        "bankruptcyValue": money_text(event.bankruptcy_value),
        "bankruptcyPrice": price_text(contract, price),
        "path": _path_json(contract, found),
        "paid": _paid_json(contracts, found),
        "victims": list(found.victims),
        "smallestDeposit": money_text(avoidance.smallest_deposit(locked.equity, locked.maintenance_margin)),
        "highestLeverage": avoidance.highest_leverage(locked, contracts),
    }


def _path_json(contract: Contract, found: Liquidation) -> Json:
    """Return the path of each lot: the book, the fund or vault, other traders, or none."""
    event = found.event
    return {
        "book": [
            {
                "tradeId": fill.trade_id,
                "quantity": quantity_text(contract, fill.quantity),
                "price": price_text(contract, fill.price),
                "fee": money_text(fill.fee),
            }
            for fill in found.fills
        ],
        "fund": {
            "quantity": quantity_text(contract, found.taken_over),
            "value": money_text(event.taken_over_value if event is not None else 0),
            "refused": quantity_text(contract, found.refused),
            "left": [
                {
                    "seq": row.seq,
                    "time": to_ms(row.ts),
                    "kind": row.kind.value,
                    ("liquidationId" if row.kind is ClosingKind.TAKEOVER else "orderId"): row.ref_id,
                    "quantity": quantity_text(contract, row.quantity),
                    "value": money_text(row.value),
                    "gain": money_text(row.gain),
                }
                for row in found.closings
            ],
            "held": quantity_text(contract, found.taken_over - found.unwound),
        },
        "adl": [
            *(_closed_json(contract, one, one.counterparty_id) for one in found.deleveraged),
            *(_closed_json(contract, one, one.account_id) for one in found.closed_for),
        ],
        "open": quantity_text(contract, found.left_open),
    }


def _closed_json(contract: Contract, event: Deleveraged, other_id: int) -> Json:
    return {
        "orderId": event.order_id,
        "liquidationId": event.liquidation_id,
        "counterpartyId": other_id,
        "quantity": quantity_text(contract, event.quantity),
        "price": average_price_text(contract, max(0, event.value), event.quantity),
    }


def _paid_json(contracts: Contracts, found: Liquidation) -> Json:
    """Return who gained and who paid, in quote: what is negative was paid by the fund."""
    event = found.event
    residue = residue_at_takeover(contracts[event.symbol], event) if event is not None else 0
    return {
        "fee": money_text(max(0, found.fees)),
        "gapPaidByFund": money_text(max(0, -found.fees)),
        "deficitPaidByFund": money_text(found.deficit_paid),
        "residueAtTakeover": money_text(residue),
        "unwindingGain": money_text(found.unwinding_gain),
        "lossShared": _shared_json(found.shared),
    }


def adl_json(contracts: Contracts, row: AdlRow) -> Json:
    """Return one row of the tape of deleveragings."""
    event, contract = row.event, contracts[row.event.symbol]
    return {
        "seq": row.seq,
        "time": to_ms(row.ts),
        "orderId": event.order_id,
        "liquidationId": event.liquidation_id,
        "cascadeId": row.link.cascade_id,
        "generation": row.link.generation,
        "symbol": event.symbol,
        "accountId": event.account_id,
        "positionSide": event.position_side.value,
        "counterpartyId": event.counterparty_id,
        "counterpartySide": event.counterparty_side.value,
        "side": event.side.name,
        "quantity": quantity_text(contract, event.quantity),
        "price": average_price_text(contract, max(0, event.value), event.quantity),
        "value": money_text(event.value),
        "markPrice": price_text(contract, event.mark_price),
        "realizedPnl": money_text(event.realized_pnl),
    }


def fund_row_json(contracts: Contracts, row: FundRow) -> Json:
    """Return one row of the fund's tape."""
    quantity = quantity_text(contracts[row.symbol], row.quantity) if row.quantity else None
    return {
        "seq": row.seq,
        "time": to_ms(row.ts),
        "kind": row.kind,
        "symbol": row.symbol,
        "change": money_text(row.change),
        "balance": money_text(row.balance),
        "liquidationIds": list(row.liquidation_ids),
        "orderId": row.order_id or None,
        "tradeId": row.trade_id or None,
        "quantity": quantity,
    }


def _head(contract: Contract, event: PositionLiquidated) -> Json:
    return {
        "liquidationId": event.liquidation_id,
        "accountId": event.account_id,
        "symbol": event.symbol,
        "positionSide": event.position_side.value,
        "marginType": event.margin_type.value,
        "quantity": quantity_text(contract, event.quantity),
        "markPrice": price_text(contract, event.mark_price),
    }


def _place(found: Liquidation) -> Json:
    link, episode = found.link, found.episode
    return {
        "cascadeId": link.cascade_id,
        "generation": link.generation,
        "parentId": found.parent_id,
        "lockedSeq": episode.seq if episode is not None else None,
        "releasedSeq": episode.released_seq if episode is not None else None,
    }


def _asked(contract: Contract, event: PositionLiquidated, found: Liquidation) -> Json:
    return {
        "orders": [
            {
                "orderId": one.order_id,
                "quantity": quantity_text(contract, one.quantity),
                "limitPrice": price_text(contract, one.limit_price),
            }
            for one in found.asked
        ],
        "orderedQuantity": quantity_text(contract, event.ordered_quantity),
        "limitPrice": price_text(contract, event.limit_price),
        "filledQuantity": quantity_text(contract, event.filled_quantity),
        "filledValue": notional_text(contract, event.filled_value),
    }


def _margin_json(contracts: Contracts, episode: Episode) -> Json:
    """Return what the scope had and needed when its liquidation began."""
    locked = episode.locked
    return {
        "seq": episode.seq,
        "time": to_ms(episode.ts),
        "wallet": money_text(locked.wallet_balance),
        "equity": money_text(locked.equity),
        "maintenanceMargin": money_text(locked.maintenance_margin),
        "positions": [_position_json(contracts[row.symbol], row) for row in locked.positions],
    }


def _position_json(contract: Contract, row: MarginCallPosition) -> Json:
    return {
        "symbol": row.symbol,
        "positionSide": row.position_side.value,
        "quantity": quantity_text(contract, row.quantity),
        "entryPrice": average_price_text(contract, avoidance.entry_value(contract, row), row.quantity),
        "markPrice": price_text(contract, row.mark_price),
        "unrealizedPnl": money_text(row.unrealized_pnl),
        "maintenanceMargin": money_text(row.maintenance_margin),
        "leverage": row.leverage,
    }


def _trigger_json(contracts: Contracts, episode: Episode | None) -> Json | None:
    if episode is None:
        return None
    trigger = episode.trigger
    return {
        "marks": [_move_json(contracts[move.symbol], move) for move in trigger.moves],
        "fundingPaid": money_text(trigger.funding),
        "makerOf": trigger.maker_of.liquidation_id if trigger.maker_of is not None else None,
    }


def _move_json(contract: Contract, move: MarkMove) -> Json:
    return {
        "symbol": move.symbol,
        "seq": move.seq,
        "before": price_text(contract, move.before),
        "after": price_text(contract, move.after),
        "indexSeq": move.index_seq or None,
        "trades": move.trades,
        "firstTradeId": move.first_trade_id or None,
        "lastTradeId": move.last_trade_id or None,
    }


def _shared_json(shared: SharedLoss | None) -> Json | None:
    if shared is None:
        return None
    return {
        "seq": shared.seq,
        "loss": money_text(shared.event.loss),
        "paid": money_text(shared.event.paid),
        "payers": [
            {"accountId": account_id, "symbol": symbol or None, "amount": money_text(amount)}
            for account_id, symbol, amount in shared.payers
        ],
    }


def _signed(event: PositionLiquidated, value: int) -> int:
    """Return a value as its owner receives it: a short pays."""
    return value if event.quantity > 0 else -value
