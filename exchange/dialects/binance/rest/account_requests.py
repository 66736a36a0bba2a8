"""Requests about an account to commands: its choices, isolated margin, wallets. Orders are `order_requests`'."""

from collections.abc import Mapping

from exchange.core.commands import AdjustMargin, SetLeverage, SetMarginType, SetPositionMode, Transfer
from exchange.core.enums import MarginType, Wallet
from exchange.core.units import INT63_MAX
from exchange.dialects.binance.parameters import contract_of, required
from exchange.dialects.binance.rest.order_words import member, position_side
from exchange.dialects.binance.route import Context, Params
from exchange.dialects.binance.text import errors
from exchange.dialects.binance.text.margin_words import MARGIN_WORDS
from exchange.dialects.binance.text.numbers import parse_amount, parse_boolean, parse_integer
from exchange.projections.history import ADDED, REDUCED

_MARGIN_TYPES: Mapping[str, MarginType] = {words.chosen: member for member, words in MARGIN_WORDS.items()}
# Our one wallet beside the futures wallet stands for Binance's spot ("main") and funding wallets alike.
_TRANSFER_SOURCES: Mapping[str, Wallet] = {
    "MAIN_UMFUTURE": Wallet.FUNDING,
    "FUNDING_UMFUTURE": Wallet.FUNDING,
    "UMFUTURE_MAIN": Wallet.FUTURES,
    "UMFUTURE_FUNDING": Wallet.FUTURES,
}


def set_leverage(context: Context, params: Params) -> SetLeverage:
    """Return the leverage that POST leverage asks for; its range is the core's to check (-4028)."""
    contract = contract_of(context, params)
    leverage = parse_integer(required(params, "leverage"), "leverage", -INT63_MAX, INT63_MAX)
    return SetLeverage(context.account_id, contract.symbol, leverage)


def set_margin_type(context: Context, params: Params) -> SetMarginType:
    """Return the margin type that POST marginType asks for: CROSSED or ISOLATED; -1130 otherwise."""
    contract = contract_of(context, params)
    margin_type = member(params, "marginType", _MARGIN_TYPES, lambda: errors.DATA_NOT_VALID.error("marginType"))
    return SetMarginType(context.account_id, contract.symbol, margin_type)


def set_position_mode(context: Context, params: Params) -> SetPositionMode:
    """Return the position mode that POST positionSide/dual asks for: true is hedge mode."""
    name = "dualSidePosition"
    return SetPositionMode(context.account_id, parse_boolean(required(params, name), name))


def adjust_margin(context: Context, params: Params) -> AdjustMargin:
    """Return the move of isolated margin that POST positionMargin asks for; its limits are the core's to check."""
    contract = contract_of(context, params)
    return AdjustMargin(
        account_id=context.account_id,
        symbol=contract.symbol,
        amount=parse_amount(required(params, "amount"), "amount"),
        add=margin_change(params) == ADDED,
        position_side=position_side(params),
    )


def margin_change(params: Params) -> int:
    """Return the parameter `type` of a move of isolated margin: ADDED (1) or REDUCED (2); -1130 otherwise."""
    return parse_integer(required(params, "type"), "type", ADDED, REDUCED)


def transfer(context: Context, params: Params) -> Transfer:
    """Return the move between the wallets that POST asset/transfer asks for: MAIN_UMFUTURE or UMFUTURE_MAIN."""
    source = _TRANSFER_SOURCES.get(required(params, "type"))
    if source is None:
        raise errors.DATA_NOT_VALID.error("type")
    if required(params, "asset") not in {contract.quote_asset for contract in context.contracts.values()}:
        raise errors.DATA_NOT_VALID.error("asset")
    return Transfer(context.account_id, source, parse_amount(required(params, "amount"), "amount"))
