"""Accounts, balances and positions as the dialect writes them: JSON-able objects from views. It computes nothing."""

from exchange.core.contract import Contract
from exchange.core.units import ATOMS_PER_QUOTE, RATE_ONE
from exchange.dialects.binance.numbers import (
    average_price_text,
    fine_price_text,
    money_text,
    price_text,
    quantity_text,
    short_text,
)
from exchange.projections.views import AccountView, PositionView

NO_MONEY = money_text(0)
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
        "totalCrossWalletBalance": money_text(account.wallet_balance),
        "totalCrossUnPnl": money_text(account.unrealized_pnl),
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
        "crossWalletBalance": money_text(account.wallet_balance),
        "crossUnPnl": money_text(account.unrealized_pnl),
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
        "crossWalletBalance": money_text(account.wallet_balance),
        "crossUnPnl": money_text(account.unrealized_pnl),
        "availableBalance": money_text(account.available_balance),
        "maxWithdrawAmount": money_text(account.max_withdrawable),
        "marginAvailable": True,
        "updateTime": update_ms,
    }


def risk_row_v3(row: PositionView, update_ms: int) -> dict[str, object]:
    """Return one row of v3 positionRisk."""
    return {
        **_risk_row(row, update_ms),
        "isolatedMargin": "0",
        "marginAsset": row.contract.quote_asset,
        **_margins(row),
        "adl": 0,
        **_order_notionals(row),
    }


def risk_row_v2(row: PositionView, update_ms: int) -> dict[str, object]:
    """Return one row of v2 positionRisk, where leverage is text and the margin type is spelled in lower case."""
    return {
        **_risk_row(row, update_ms),
        "leverage": str(row.leverage),
        "maxNotionalValue": notional_cap_text(row.contract, row.leverage),
        "marginType": "cross",
        "isolatedMargin": NO_MONEY,
        "isAutoAddMargin": "false",
    }


def symbol_config_row(row: PositionView) -> dict[str, object]:
    """Return one row of symbolConfig."""
    return {
        "symbol": row.contract.symbol,
        "marginType": "CROSSED",
        "isAutoAddMargin": False,
        "leverage": row.leverage,
        "maxNotionalValue": notional_cap_text(row.contract, row.leverage),
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


def notional_cap_text(contract: Contract, leverage: int) -> str:
    """Return the largest notional at a leverage as text without trailing zeros."""
    return short_text(contract.notional_cap(leverage))


def _risk_row(row: PositionView, update_ms: int) -> dict[str, object]:
    entry_price = average_price_text(row.contract, row.entry_value, row.quantity)
    reached = row.liquidation_price
    return {
        "symbol": row.contract.symbol,
        "positionSide": "BOTH",
        "positionAmt": quantity_text(row.contract, row.quantity),
        "entryPrice": entry_price,
        "breakEvenPrice": entry_price,
        "markPrice": fine_price_text(row.contract, row.mark_price),
        "unRealizedProfit": money_text(row.unrealized_pnl),
        "liquidationPrice": "0" if reached is None else price_text(row.contract, reached),
        "notional": money_text(row.notional),
        "isolatedWallet": "0",
        "updateTime": update_ms if row.is_active else 0,
    }


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
        "positionSide": "BOTH",
        "positionAmt": quantity_text(row.contract, row.quantity),
        "unrealizedProfit": money_text(row.unrealized_pnl),
        "isolatedMargin": NO_MONEY,
        "notional": money_text(row.notional),
        "isolatedWallet": "0",
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
        "isolated": False,
        "entryPrice": entry_price,
        "breakEvenPrice": entry_price,
        "maxNotional": notional_cap_text(row.contract, row.leverage),
        **_order_notionals(row),
        "positionSide": "BOTH",
        "positionAmt": quantity_text(row.contract, row.quantity),
        "updateTime": update_ms if row.is_active else 0,
    }
