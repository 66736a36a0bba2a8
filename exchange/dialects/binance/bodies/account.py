"""Accounts, balances and positions as the dialect writes them: JSON-able objects from views. It computes nothing."""

from collections.abc import Mapping

from exchange.core.account import Holding
from exchange.core.contract import Contract
from exchange.core.enums import PositionSide
from exchange.core.units import ATOMS_PER_QUOTE, RATE_ONE
from exchange.dialects.binance.text.margin_words import MARGIN_WORDS
from exchange.dialects.binance.text.numbers import (
    average_price_text,
    fine_price_text,
    money_text,
    price_text,
    quantity_text,
    short_text,
    to_ms,
)
from exchange.projections.history import MarginMoveRow
from exchange.projections.views import AccountView, PositionView

DONE: dict[str, object] = {"code": 200, "msg": "success"}
ALWAYS: dict[str, object] = {"feeTier": 0, "canTrade": True, "canDeposit": True, "canWithdraw": True}
SINGLE_ASSET: dict[str, object] = {"updateTime": 0, "multiAssetsMargin": False, "tradeGroupId": -1}


def account_totals(account: AccountView) -> dict[str, object]:
    """Return the totals of an account, as v2 and v3 account begin."""
    return {
        "totalInitialMargin": money_text(account.initial_margin),
        "totalMaintMargin": money_text(account.maintenance_margin),
        "totalWalletBalance": money_text(account.wallet_balance),
        "totalUnrealizedProfit": money_text(account.unrealized_pnl),
        "totalMarginBalance": money_text(account.equity),
        "totalPositionInitialMargin": money_text(account.position_initial_margin),
        "totalOpenOrderInitialMargin": money_text(account.order_initial_margin),
        "totalCrossWalletBalance": money_text(account.cross_wallet),
        "totalCrossUnPnl": money_text(account.cross_unrealized_pnl),
        "availableBalance": money_text(account.available_balance),
        "maxWithdrawAmount": money_text(account.max_withdrawable),
    }


def asset_row(asset: str, account: AccountView, update_ms: int) -> dict[str, object]:
    """Return the one row of `assets`: v3's fields."""
    return {
        "asset": asset,
        "walletBalance": money_text(account.wallet_balance),
        "unrealizedProfit": money_text(account.unrealized_pnl),
        "marginBalance": money_text(account.equity),
        "maintMargin": money_text(account.maintenance_margin),
        "initialMargin": money_text(account.initial_margin),
        "positionInitialMargin": money_text(account.position_initial_margin),
        "openOrderInitialMargin": money_text(account.order_initial_margin),
        "crossWalletBalance": money_text(account.cross_wallet),
        "crossUnPnl": money_text(account.cross_unrealized_pnl),
        "availableBalance": money_text(account.available_balance),
        "maxWithdrawAmount": money_text(account.max_withdrawable),
        "updateTime": update_ms,
    }


def account_v3(asset: str, account: AccountView, update_ms: int) -> dict[str, object]:
    """Return GET v3/account: contracts with a position or an open order only."""
    return {
        **account_totals(account),
        "assets": [asset_row(asset, account, update_ms)],
        "positions": [_position_v3(row, update_ms) for row in account.positions if row.is_active],
    }


def account_v2(asset: str, account: AccountView, update_ms: int) -> dict[str, object]:
    """Return GET v2/account: every listed contract."""
    return {
        **ALWAYS,
        "feeBurn": False,
        **SINGLE_ASSET,
        **account_totals(account),
        "assets": [{**asset_row(asset, account, update_ms), "marginAvailable": True}],
        "positions": [_position_v2(row, update_ms) for row in account.positions],
    }


def balance_row(asset: str, account_id: int, account: AccountView, update_ms: int) -> dict[str, object]:
    """Return the one row of v2 and v3 balance. The alias is ours: it tells the account's number."""
    return {
        "accountAlias": f"mc{account_id}",
        "asset": asset,
        "balance": money_text(account.wallet_balance),
        "crossWalletBalance": money_text(account.cross_wallet),
        "crossUnPnl": money_text(account.cross_unrealized_pnl),
        "availableBalance": money_text(account.available_balance),
        "maxWithdrawAmount": money_text(account.max_withdrawable),
        "marginAvailable": True,
        "updateTime": update_ms,
    }


def risk_row_v3(row: PositionView, liquidation_price: int | None, adl_rank: int, update_ms: int) -> dict[str, object]:
    """Return one row of v3 positionRisk: a zero isolated margin is what clients know a cross position by."""
    return {
        **_risk_row(row, liquidation_price, update_ms),
        "isolatedMargin": _isolated_text(row.isolated_margin),
        "marginAsset": row.contract.quote_asset,
        **_margins(row),
        "adl": adl_rank,
        **_order_notionals(row),
    }


def risk_row_v2(row: PositionView, liquidation_price: int | None, update_ms: int) -> dict[str, object]:
    """Return one row of v2 positionRisk, where leverage is text and the margin type is spelled in lower case."""
    return {
        **_risk_row(row, liquidation_price, update_ms),
        "leverage": str(row.leverage),
        "maxNotionalValue": notional_cap_text(row.contract, row.leverage),
        "marginType": MARGIN_WORDS[row.margin_type].shown,
        "isolatedMargin": money_text(row.isolated_margin),
        "isAutoAddMargin": "true" if row.auto_add_margin else "false",
    }


def symbol_config_row(contract: Contract, holding: Holding) -> dict[str, object]:
    """Return one row of symbolConfig: what an account chose for a contract."""
    return {
        "symbol": contract.symbol,
        "marginType": MARGIN_WORDS[holding.margin_type].chosen,
        "isAutoAddMargin": holding.auto_add_margin,
        "leverage": holding.leverage,
        "maxNotionalValue": notional_cap_text(contract, holding.leverage),
    }


def bracket_row(contract: Contract) -> dict[str, object]:
    """Return one row of leverageBracket. Here the dialect wants JSON numbers: floats, for display only."""
    return {
        "symbol": contract.symbol,
        "notionalCoef": 1.0,
        "brackets": [
            {
                "bracket": number,
                "initialLeverage": bracket.max_leverage,
                "notionalCap": bracket.cap // ATOMS_PER_QUOTE,
                "notionalFloor": bracket.floor // ATOMS_PER_QUOTE,
                "maintMarginRatio": bracket.rate / RATE_ONE,
                "cum": bracket.cum / ATOMS_PER_QUOTE,
            }
            for number, bracket in enumerate(contract.brackets, 1)
        ],
    }


def commission_json(contract: Contract) -> dict[str, object]:
    """Return GET commissionRate. There is no retail price improvement here: its rate is the maker's."""
    return {
        "symbol": contract.symbol,
        "makerCommissionRate": short_text(contract.maker_fee),
        "takerCommissionRate": short_text(contract.taker_fee),
        "rpiCommissionRate": short_text(contract.maker_fee),
    }


def leverage_json(contract: Contract, leverage: int) -> dict[str, object]:
    """Return the answer to POST leverage: what is set, and the largest notional at it."""
    return {
        "leverage": leverage,
        "maxNotionalValue": notional_cap_text(contract, leverage),
        "symbol": contract.symbol,
    }


def margin_adjusted_json(amount: int, kind: int) -> dict[str, object]:
    """Return the answer to POST positionMargin. Here the dialect wants a JSON number: a float, for display only."""
    return {
        "amount": amount / ATOMS_PER_QUOTE,
        "code": 200,
        "msg": "Successfully modify position margin.",
        "type": kind,
    }


def margin_move_row(asset: str, move: MarginMoveRow) -> dict[str, object]:
    """Return one row of positionMargin/history: the amount has no sign, its type tells the direction."""
    return {
        "symbol": move.symbol,
        "type": move.kind,
        "deltaType": move.cause.value,  # AUTO_ADD is ours: the dialect documents no word for it
        "amount": money_text(abs(move.amount)),
        "asset": asset,
        "time": to_ms(move.ts),
        "positionSide": move.position_side.value,
    }


def adl_row(symbol: str, ranks: Mapping[PositionSide, int], *, shared: bool) -> dict[str, object]:
    """Return one row of adlQuantile. `shared`: the mark of two cross positions of a hedge, in place of BOTH."""
    long, short = ranks.get(PositionSide.LONG, 0), ranks.get(PositionSide.SHORT, 0)
    third = {"HEDGE": 0} if shared else {"BOTH": ranks.get(PositionSide.BOTH, 0)}
    return {"symbol": symbol, "adlQuantile": {"LONG": long, "SHORT": short, **third}}


def notional_cap_text(contract: Contract, leverage: int) -> str:
    """Return the largest notional at a leverage as text without trailing zeros."""
    return short_text(contract.notional_cap(leverage))


def _risk_row(row: PositionView, liquidation_price: int | None, update_ms: int) -> dict[str, object]:
    entry_price = average_price_text(row.contract, row.entry_value, row.quantity)
    return {
        "symbol": row.contract.symbol,
        "positionSide": row.side.value,
        "positionAmt": quantity_text(row.contract, row.quantity),
        "entryPrice": entry_price,
        "breakEvenPrice": entry_price,
        "markPrice": fine_price_text(row.contract, row.mark_price),
        "unRealizedProfit": money_text(row.unrealized_pnl),
        "liquidationPrice": "0" if liquidation_price is None else price_text(row.contract, liquidation_price),
        "notional": money_text(row.notional),
        "isolatedWallet": _isolated_text(row.isolated_wallet),
        "updateTime": update_ms if row.is_active else 0,
    }


def _isolated_text(atoms: int) -> str:
    """Return an amount of an isolated position; a cross one has "0"."""
    return money_text(atoms) if atoms else "0"


def _margins(row: PositionView) -> dict[str, object]:
    return {
        "initialMargin": money_text(row.initial_margin),
        "maintMargin": money_text(row.maintenance_margin),
        "positionInitialMargin": money_text(row.position_initial_margin),
        "openOrderInitialMargin": money_text(row.order_initial_margin),
    }


def _order_notionals(row: PositionView) -> dict[str, object]:
    return {"bidNotional": money_text(row.bids_notional), "askNotional": money_text(row.asks_notional)}


def _position_v3(row: PositionView, update_ms: int) -> dict[str, object]:
    return {
        "symbol": row.contract.symbol,
        "positionSide": row.side.value,
        "positionAmt": quantity_text(row.contract, row.quantity),
        "unrealizedProfit": money_text(row.unrealized_pnl),
        "isolatedMargin": money_text(row.isolated_margin),
        "notional": money_text(row.notional),
        "isolatedWallet": _isolated_text(row.isolated_wallet),
        "initialMargin": money_text(row.initial_margin),
        "maintMargin": money_text(row.maintenance_margin),
        "updateTime": update_ms,
    }


def _position_v2(row: PositionView, update_ms: int) -> dict[str, object]:
    entry_price = average_price_text(row.contract, row.entry_value, row.quantity)
    return {
        "symbol": row.contract.symbol,
        **_margins(row),
        "unrealizedProfit": money_text(row.unrealized_pnl),
        "leverage": str(row.leverage),
        "isolated": row.isolated,
        "entryPrice": entry_price,
        "breakEvenPrice": entry_price,
        "maxNotional": notional_cap_text(row.contract, row.leverage),
        **_order_notionals(row),
        "positionSide": row.side.value,
        "positionAmt": quantity_text(row.contract, row.quantity),
        "updateTime": update_ms if row.is_active else 0,
    }
