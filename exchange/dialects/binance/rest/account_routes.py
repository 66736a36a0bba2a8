"""The account endpoints, as a table: balances, positions, leverage, modes, income, transfers. It computes nothing."""

from collections.abc import Sequence

from exchange.core.enums import PositionSide
from exchange.core.events import Event, LeverageSet
from exchange.core.liquidation_price import liquidation_price
from exchange.dialects.binance.bodies import account as responses
from exchange.dialects.binance.door.limits import told_order_limits
from exchange.dialects.binance.parameters import (
    contract_of,
    contracts_of,
    required,
    row_limit,
    symbol_or_none,
    time_window,
    times,
)
from exchange.dialects.binance.rest import account_requests as requests
from exchange.dialects.binance.route import CommandRoute, Context, Params, ReadRoute, Route, Security, by_symbol
from exchange.dialects.binance.text import errors
from exchange.dialects.binance.text.numbers import money_text, parse_amount, parse_boolean, to_ms
from exchange.projections import views
from exchange.projections.history import IncomeRow, first_tran_id
from exchange.projections.views import PositionView

INCOME_LIMIT_DEFAULT = 100
INCOME_LIMIT_MAX = 1000
MARGIN_HISTORY_LIMIT_DEFAULT = 500
MARGIN_HISTORY_LIMIT_MAX = 1000
MARGIN_HISTORY_DAYS_MAX = 30


def read_account_v2(context: Context, _params: Params) -> object:
    """Answer GET v2/account."""
    return responses.account_v2(_asset(context), _account(context), _updated(context))


def read_account_v3(context: Context, _params: Params) -> object:
    """Answer GET v3/account."""
    return responses.account_v3(_asset(context), _account(context), _updated(context))


def read_balance(context: Context, _params: Params) -> object:
    """Answer GET v2/balance and v3/balance: one row, the futures wallet."""
    return [responses.balance_row(_asset(context), context.account_id, _account(context), _updated(context))]


def read_position_risk_v2(context: Context, params: Params) -> object:
    """Answer GET v2/positionRisk: every listed contract, or the one named; in hedge mode two rows of each."""
    return [
        responses.risk_row_v2(row, _liquidation_price(context, row), _updated(context))
        for row in _positions(context, params)
    ]


def read_position_risk_v3(context: Context, params: Params) -> object:
    """Answer GET v3/positionRisk: contracts with a position or an open order only, in hedge mode two rows of each."""
    return [
        responses.risk_row_v3(
            row,
            _liquidation_price(context, row),
            _adl_rank(context, row.contract.symbol, row.side),
            _updated(context),
        )
        for row in _positions(context, params)
        if row.is_active
    ]


def read_adl_quantile(context: Context, params: Params) -> object:
    """Answer GET adlQuantile: contracts with a position only; see `projections.adl`."""
    rows: list[object] = []
    account = context.state.accounts[context.account_id]
    for contract in contracts_of(context, params):
        holding = account.holdings[contract.symbol]
        if holding.has_position():
            ranks = {side: _adl_rank(context, contract.symbol, side) for side in views.sides(account)}
            shared = account.hedge and not holding.isolated
            rows.append(responses.adl_row(contract.symbol, ranks, shared=shared))
    return rows


def read_symbol_config(context: Context, params: Params) -> object:
    """Answer GET symbolConfig."""
    holdings = context.state.accounts[context.account_id].holdings
    return [
        responses.symbol_config_row(contract, holdings[contract.symbol]) for contract in contracts_of(context, params)
    ]


def read_account_config(context: Context, _params: Params) -> object:
    """Answer GET accountConfig: the same for every account but for its position mode."""
    return {**responses.ALWAYS, **_position_mode(context), **responses.SINGLE_ASSET}


def read_position_mode(context: Context, _params: Params) -> object:
    """Answer GET positionSide/dual: true in hedge mode."""
    return _position_mode(context)


def read_assets_mode(_context: Context, _params: Params) -> object:
    """Answer GET multiAssetsMargin: every account is single-asset."""
    return {"multiAssetsMargin": False}


def read_leverage_brackets(context: Context, params: Params) -> object:
    """Answer GET leverageBracket: a list, also when a symbol is named."""
    return [responses.bracket_row(contract) for contract in contracts_of(context, params)]


def read_commission_rate(context: Context, params: Params) -> object:
    """Answer GET commissionRate."""
    return responses.commission_json(contract_of(context, params))


def read_income(context: Context, params: Params) -> object:
    """Answer GET income: changes of the futures wallet, oldest first."""
    start_ms, end_ms = times(params)  # no window of seven days here
    rows = context.history.income(
        context.account_id,
        symbol_or_none(context, params),
        params.get("incomeType") or None,
        start_ms=start_ms,
        end_ms=end_ms,
        limit=row_limit(params, INCOME_LIMIT_DEFAULT, INCOME_LIMIT_MAX),
    )
    return [_income_json(_asset(context), row) for row in rows]


def read_margin_history(context: Context, params: Params) -> object:
    """Answer GET positionMargin/history: moves of isolated margin, oldest first, at most thirty days apart."""
    contract = contract_of(context, params)
    start_ms, end_ms = time_window(params, MARGIN_HISTORY_DAYS_MAX)
    rows = context.history.margin_moves(
        context.account_id,
        contract.symbol,
        requests.margin_change(params) if params.get("type") else None,
        start_ms=start_ms,
        end_ms=end_ms,
        limit=row_limit(params, MARGIN_HISTORY_LIMIT_DEFAULT, MARGIN_HISTORY_LIMIT_MAX),
    )
    return [responses.margin_move_row(contract.quote_asset, row) for row in rows]


def read_order_limits(_context: Context, _params: Params) -> object:
    """Answer GET rateLimit/order."""
    return told_order_limits()


def read_trading_status(context: Context, params: Params) -> object:
    """Answer GET apiTradingStatus: no account is locked for how it trades, so there is no indicator to tell."""
    symbol_or_none(context, params)
    return {"indicators": {}, "updateTime": _updated(context)}


def read_fee_burn(_context: Context, _params: Params) -> object:
    """Answer GET feeBurn: fees are paid in the asset of the margin."""
    return {"feeBurn": False}


def change_fee_burn(_context: Context, params: Params) -> object:
    """Answer POST feeBurn: off is what every account has; there is no other asset to pay with (-1130)."""
    return _always_false(params, "feeBurn")


def change_assets_mode(_context: Context, params: Params) -> object:
    """Answer POST multiAssetsMargin: single-asset is what every account has; multi-asset is not built (-1130)."""
    return _always_false(params, "multiAssetsMargin")


def _always_false(params: Params, name: str) -> object:
    """Answer a choice that can only be false; -1130 for true."""
    if parse_boolean(required(params, name), name):
        raise errors.DATA_NOT_VALID.error(name)
    return responses.DONE


def _respond_done(_context: Context, _params: Params, _seq: int, _events: Sequence[Event]) -> object:
    return responses.DONE


def _respond_margin(_context: Context, params: Params, _seq: int, _events: Sequence[Event]) -> object:
    """Answer an adjusted margin with what was asked for: it is done as a whole or refused."""
    return responses.margin_adjusted_json(parse_amount(params["amount"], "amount"), requests.margin_change(params))


def _respond_transfer(_context: Context, _params: Params, seq: int, _events: Sequence[Event]) -> object:
    """Answer a transfer with the id of its row of income, the only one that it makes."""
    return {"tranId": first_tran_id(seq)}


def _respond_leverage(context: Context, params: Params, _seq: int, events: Sequence[Event]) -> object:
    done = next(event for event in events if isinstance(event, LeverageSet))
    return responses.leverage_json(context.contracts[params["symbol"]], done.leverage)


def _account(context: Context) -> views.AccountView:
    return views.account_view(context.state, context.account_id)


def _positions(context: Context, params: Params) -> list[PositionView]:
    account = context.state.accounts[context.account_id]
    return [
        row
        for contract in contracts_of(context, params)
        for row in views.position_views(context.state, account, contract.symbol)
    ]


def _liquidation_price(context: Context, row: PositionView) -> int | None:
    account = context.state.accounts[context.account_id]
    return liquidation_price(context.state, account, row.contract.symbol, row.side)


def _adl_rank(context: Context, symbol: str, side: PositionSide) -> int:
    return context.adl_queues.rank(context.state, context.account_id, symbol, side)


def _position_mode(context: Context) -> dict[str, object]:
    return {"dualSidePosition": context.state.accounts[context.account_id].hedge}


def _asset(context: Context) -> str:
    """Return the one asset that all contracts of a venue are quoted and margined in."""
    return next(iter(context.contracts.values())).quote_asset


def _updated(context: Context) -> int:
    """Return the time of the venue's last command in milliseconds: the core keeps no time per account."""
    return to_ms(context.state.ts)


def _income_json(asset: str, row: IncomeRow) -> dict[str, object]:
    return {
        "symbol": row.symbol,
        "incomeType": row.kind,
        "income": money_text(row.amount),
        "asset": asset,
        "info": row.kind,
        "time": to_ms(row.ts),
        "tranId": row.tran_id,
        "tradeId": str(row.trade_id) if row.trade_id else "",
    }


_SIGNED = Security.SIGNED
ACCOUNT_ROUTES: tuple[Route, ...] = (
    ReadRoute("GET", "/fapi/v2/account", _SIGNED, 5, read_account_v2),
    ReadRoute("GET", "/fapi/v3/account", _SIGNED, 5, read_account_v3),
    ReadRoute("GET", "/fapi/v2/balance", _SIGNED, 5, read_balance),
    ReadRoute("GET", "/fapi/v3/balance", _SIGNED, 5, read_balance),
    ReadRoute("GET", "/fapi/v2/positionRisk", _SIGNED, 5, read_position_risk_v2),
    ReadRoute("GET", "/fapi/v3/positionRisk", _SIGNED, 5, read_position_risk_v3),
    CommandRoute("POST", "/fapi/v1/leverage", _SIGNED, 1, 0, requests.set_leverage, _respond_leverage),
    CommandRoute("POST", "/fapi/v1/marginType", _SIGNED, 1, 0, requests.set_margin_type, _respond_done),
    CommandRoute("POST", "/fapi/v1/positionMargin", _SIGNED, 1, 0, requests.adjust_margin, _respond_margin),
    ReadRoute("GET", "/fapi/v1/positionMargin/history", _SIGNED, 1, read_margin_history),
    ReadRoute("GET", "/fapi/v1/positionSide/dual", _SIGNED, 30, read_position_mode),
    CommandRoute("POST", "/fapi/v1/positionSide/dual", _SIGNED, 1, 0, requests.set_position_mode, _respond_done),
    ReadRoute("GET", "/fapi/v1/multiAssetsMargin", _SIGNED, 30, read_assets_mode),
    ReadRoute("POST", "/fapi/v1/multiAssetsMargin", _SIGNED, 1, change_assets_mode),
    ReadRoute("GET", "/fapi/v1/leverageBracket", _SIGNED, 1, read_leverage_brackets),
    ReadRoute("GET", "/fapi/v1/adlQuantile", _SIGNED, 5, read_adl_quantile),
    ReadRoute("GET", "/fapi/v1/symbolConfig", _SIGNED, 5, read_symbol_config),
    ReadRoute("GET", "/fapi/v1/commissionRate", _SIGNED, 20, read_commission_rate),
    ReadRoute("GET", "/fapi/v1/accountConfig", _SIGNED, 5, read_account_config),
    ReadRoute("GET", "/fapi/v1/rateLimit/order", _SIGNED, 1, read_order_limits),
    ReadRoute("GET", "/fapi/v1/apiTradingStatus", _SIGNED, by_symbol(1, 10), read_trading_status),
    ReadRoute("GET", "/fapi/v1/feeBurn", _SIGNED, 30, read_fee_burn),
    ReadRoute("POST", "/fapi/v1/feeBurn", _SIGNED, 1, change_fee_burn),
    ReadRoute("GET", "/fapi/v1/income", _SIGNED, 30, read_income),
    CommandRoute("POST", "/sapi/v1/asset/transfer", _SIGNED, 1, 0, requests.transfer, _respond_transfer),
)
