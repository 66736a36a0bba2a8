"""Which error of the dialect each refusal of the core becomes, its places filled. It decides nothing."""

from collections.abc import Callable, Mapping

from exchange.core.commands import (
    AdjustMargin,
    AmendOrder,
    Annotate,
    Command,
    CreateAccount,
    Deposit,
    PlaceConditional,
    PlaceOrder,
    SetCountdown,
    SetLeverage,
    SetMarketState,
    Transfer,
    Withdraw,
)
from exchange.core.contract import Contract
from exchange.core.enums import RejectReason
from exchange.core.events import Rejected
from exchange.core.records import ConditionalRecord
from exchange.dialects.binance.text import errors
from exchange.dialects.binance.text.errors import DialectError, Refusal
from exchange.dialects.binance.text.numbers import amount_text, price_text

Contracts = Mapping[str, Contract]

REJECTIONS: Mapping[RejectReason, Refusal] = {
    RejectReason.UNKNOWN_ACCOUNT: errors.KEY_UNKNOWN,
    RejectReason.UNKNOWN_SYMBOL: errors.SYMBOL_NOT_VALID,
    RejectReason.UNKNOWN_ORDER: errors.CANCEL_UNKNOWN_ORDER,
    RejectReason.VALUE_OUT_OF_RANGE: errors.DATA_NOT_VALID,
    RejectReason.AMOUNT_NOT_POSITIVE: errors.AMOUNT_NOT_POSITIVE,
    RejectReason.TOO_MANY_ACCOUNTS: errors.TOO_MANY_ACCOUNTS,
    RejectReason.IN_LIQUIDATION: errors.IN_LIQUIDATION,
    RejectReason.MARKET_NOT_TRADING: errors.MARKET_NOT_TRADING,
    RejectReason.NO_MARK_PRICE: errors.NO_MARK_PRICE,
    RejectReason.PRICE_NOT_POSITIVE: errors.PRICE_BELOW_ZERO,
    RejectReason.PRICE_BELOW_MIN: errors.PRICE_BELOW_MIN,
    RejectReason.PRICE_ABOVE_MAX: errors.PRICE_ABOVE_MAX,
    RejectReason.PRICE_NOT_ALLOWED: errors.PARAMETER_NOT_REQUIRED,
    RejectReason.QUANTITY_NOT_POSITIVE: errors.QUANTITY_BELOW_ZERO,
    RejectReason.QUANTITY_BELOW_MIN: errors.QUANTITY_BELOW_MIN,
    RejectReason.QUANTITY_ABOVE_MAX: errors.QUANTITY_ABOVE_MAX,
    RejectReason.NOTIONAL_TOO_SMALL: errors.NOTIONAL_TOO_SMALL,
    RejectReason.PRICE_ABOVE_BAND: errors.PRICE_ABOVE_BAND,
    RejectReason.PRICE_BELOW_BAND: errors.PRICE_BELOW_BAND,
    RejectReason.COUNTER_PRICE_OUT_OF_BAND: errors.COUNTER_PRICE_OUT_OF_BAND,
    RejectReason.CLIENT_ORDER_ID_DUPLICATED: errors.CLIENT_ORDER_ID_DUPLICATED,
    RejectReason.TOO_MANY_OPEN_ORDERS: errors.TOO_MANY_OPEN_ORDERS,
    RejectReason.REDUCE_ONLY_REJECTED: errors.REDUCE_ONLY_REJECTED,
    RejectReason.REDUCE_ONLY_EXCEEDS_POSITION: errors.REDUCE_ONLY_EXCEEDS,
    RejectReason.POSITION_LIMIT: errors.POSITION_LIMIT,
    RejectReason.FOK_NOT_FILLABLE: errors.FOK_NOT_FILLABLE,
    RejectReason.POST_ONLY_WOULD_TAKE: errors.POST_ONLY_WOULD_TAKE,
    RejectReason.MARGIN_INSUFFICIENT: errors.MARGIN_INSUFFICIENT,
    RejectReason.BALANCE_INSUFFICIENT: errors.TRANSFER_BALANCE,
    RejectReason.LEVERAGE_NOT_VALID: errors.LEVERAGE_NOT_VALID,
    RejectReason.LEVERAGE_MARGIN_INSUFFICIENT: errors.LEVERAGE_MARGIN,
    RejectReason.AMEND_NO_CHANGE: errors.AMEND_NO_CHANGE,
    RejectReason.AMEND_LIMIT_REACHED: errors.AMEND_LIMIT_REACHED,
    RejectReason.AMEND_SIDE_MISMATCH: errors.SIDE_NOT_VALID,
    RejectReason.AMEND_NOT_REDUCE_ONLY: errors.AMEND_NOT_REDUCE_ONLY,
    RejectReason.UNKNOWN_INDEX_SOURCE: errors.DATA_NOT_VALID,
    RejectReason.INDEX_STALE: errors.ONLY_REDUCING,
    RejectReason.POSITION_SIDE_MISMATCH: errors.POSITION_SIDE_MISMATCH,
    RejectReason.MARGIN_TYPE_UNCHANGED: errors.MARGIN_TYPE_UNCHANGED,
    RejectReason.MARGIN_TYPE_OPEN_ORDERS: errors.MARGIN_TYPE_OPEN_ORDERS,
    RejectReason.MARGIN_TYPE_OPEN_POSITION: errors.MARGIN_TYPE_OPEN_POSITION,
    RejectReason.POSITION_MODE_UNCHANGED: errors.POSITION_MODE_UNCHANGED,
    RejectReason.POSITION_MODE_OPEN_ORDERS: errors.POSITION_MODE_OPEN_ORDERS,
    RejectReason.POSITION_MODE_OPEN_POSITION: errors.POSITION_MODE_OPEN_POSITION,
    RejectReason.MARGIN_NOT_ISOLATED: errors.MARGIN_NOT_ISOLATED,
    RejectReason.POSITION_EMPTY: errors.POSITION_EMPTY,
    RejectReason.CROSS_BALANCE_INSUFFICIENT: errors.CROSS_BALANCE,
    RejectReason.ISOLATED_BALANCE_INSUFFICIENT: errors.ISOLATED_BALANCE,
    RejectReason.ISOLATED_LEVERAGE_REDUCTION: errors.ISOLATED_LEVERAGE,
    RejectReason.UNKNOWN_CONDITIONAL: errors.CANCEL_UNKNOWN_ORDER,
    RejectReason.TOO_MANY_CONDITIONALS: errors.TOO_MANY_CONDITIONALS,
    RejectReason.TRIGGER_PRICE_NOT_POSITIVE: errors.TRIGGER_PRICE_BELOW_ZERO,
    RejectReason.TRIGGER_PRICE_ABOVE_MAX: errors.TRIGGER_PRICE_ABOVE_MAX,
    RejectReason.PRICE_ABOVE_TRIGGER_BAND: errors.PRICE_ABOVE_TRIGGER_BAND,
    RejectReason.PRICE_BELOW_TRIGGER_BAND: errors.PRICE_BELOW_TRIGGER_BAND,
    RejectReason.WOULD_TRIGGER: errors.WOULD_TRIGGER,
    RejectReason.CALLBACK_RATE_NOT_VALID: errors.CALLBACK_RATE_NOT_VALID,
    RejectReason.CLOSE_POSITION_NOT_VALID: errors.CLOSE_POSITION_NOT_VALID,
    RejectReason.GOOD_TILL_NOT_VALID: errors.GOOD_TILL_NOT_VALID,
    RejectReason.NO_DEPTH: errors.NO_DEPTH,
}

# Where an amendment is refused in other words than a placement or a cancel.
AMEND_REJECTIONS: Mapping[RejectReason, Refusal] = {
    RejectReason.UNKNOWN_ORDER: errors.ORDER_NOT_EXISTING,
    RejectReason.MARKET_NOT_TRADING: errors.AMEND_NOT_TRADING,
    RejectReason.NOTIONAL_TOO_SMALL: errors.AMEND_NOTIONAL,
}

# The parameter that a value out of range is blamed on.
_RANGED_PARAMETER: Mapping[type, str] = {
    CreateAccount: "name, deposit or fundingDeposit",
    Deposit: "amount",
    Withdraw: "amount",
    Transfer: "amount",
    AdjustMargin: "amount",
    SetMarketState: "state",
    PlaceOrder: "newClientOrderId",
    PlaceConditional: "clientAlgoId",
    SetCountdown: "countdownTime",
    Annotate: "kind or text",
}


def _bound(contracts: Contracts, command: Command | None, rejected: Rejected) -> str:
    """Return the price that was crossed."""
    assert isinstance(command, PlaceConditional), "only these are held against a trigger price"
    return price_text(contracts[command.symbol], rejected.detail)


_PARTS: Mapping[RejectReason, Callable[[Contracts, Command | None, Rejected], str]] = {
    RejectReason.VALUE_OUT_OF_RANGE: lambda _, command, _rejected: _RANGED_PARAMETER.get(type(command), "value"),
    RejectReason.PRICE_NOT_ALLOWED: lambda _, _command, _rejected: "price",
    RejectReason.UNKNOWN_INDEX_SOURCE: lambda _, _command, _rejected: "source",
    RejectReason.NOTIONAL_TOO_SMALL: lambda _, _command, rejected: amount_text(rejected.detail),
    RejectReason.LEVERAGE_NOT_VALID: lambda _, command, _rejected: (
        str(command.leverage) if isinstance(command, SetLeverage) else ""
    ),
    RejectReason.CLOSE_POSITION_NOT_VALID: lambda _, command, _rejected: (
        command.kind.value if isinstance(command, PlaceConditional) else ""
    ),
    RejectReason.PRICE_ABOVE_TRIGGER_BAND: _bound,
    RejectReason.PRICE_BELOW_TRIGGER_BAND: _bound,
}


def rejection(contracts: Contracts, command: Command | None, rejected: Rejected) -> DialectError:
    """Return the error that a refused command is answered with, its places filled from the command and the detail.

    Without a command: of an order that nobody sent, because a conditional one became it.
    """
    refusal = REJECTIONS[rejected.reason]
    if isinstance(command, AmendOrder):
        refusal = AMEND_REJECTIONS.get(rejected.reason, refusal)
    part = _PARTS.get(rejected.reason)
    return refusal.error(part(contracts, command, rejected)) if part else refusal.error()


def reject_text(contracts: Contracts, conditional: ConditionalRecord) -> str:
    """Return in the dialect's words why what a conditional order was to become was refused; "" when it was not."""
    if conditional.reject_reason is None:
        return ""
    rejected = Rejected(conditional.reject_reason, conditional.account_id, conditional.reject_detail)
    return rejection(contracts, None, rejected).msg
