"""Commands as rows of the table `commands`: which field of which command goes into which column. No events."""

from collections.abc import Callable, Mapping
from typing import Any

from exchange.core import commands as c
from exchange.core.commands import Command

# account, symbol, side, type, tif, price_t, qty_l, reduce_only, order_id, client_id, amount_a
Said = tuple[Any, ...]
_NOTHING: Said = (None,) * 11


def said(command: Command) -> Said:
    """Return the columns from `account` to `amount_a` of a command; what it does not say is None."""
    return _SAID[type(command)](command)


def kind(command: Command) -> str:
    """Return the word for a command: its tag in the journal."""
    return _KINDS[type(command)]


def _place(command: c.PlaceOrder) -> Said:
    what = (command.account_id, command.symbol, command.side, command.order_type, command.time_in_force)
    terms = (command.price or None, command.quantity, command.reduce_only)
    return (*what, *terms, None, command.client_order_id or None, None)


def _amend(command: c.AmendOrder) -> Said:
    what = (command.account_id, command.symbol, command.side, None, None, command.price or None, command.quantity)
    return (*what, command.reduce_only, command.order_id or None, command.client_order_id or None, None)


def _cancel(command: c.CancelOrder) -> Said:
    which = (command.order_id or None, command.client_order_id or None)
    return (command.account_id, command.symbol, None, None, None, None, None, None, *which, None)


def _place_conditional(command: c.PlaceConditional) -> Said:
    what = (command.account_id, command.symbol, command.side, command.kind, command.time_in_force)
    terms = (command.price or None, command.quantity or None, command.reduce_only)
    return (*what, *terms, None, command.client_id or None, None)


def _money(command: c.Deposit | c.Withdraw | c.Transfer) -> Said:
    return (command.account_id, *_NOTHING[2:], command.amount)


def _index(command: c.SetIndexPrice) -> Said:
    return (None, command.symbol, None, None, None, command.price, *_NOTHING[6:])


def _margin(command: c.AdjustMargin) -> Said:
    return (command.account_id, command.symbol, *_NOTHING[3:], command.amount if command.add else -command.amount)


def _of_account(command: c.SetPositionMode | c.CancelConditional) -> Said:
    return (command.account_id, *_NOTHING[1:])


def _in_contract(
    command: c.CancelAllOrders
    | c.CancelAllConditionals
    | c.SetCountdown
    | c.SetLeverage
    | c.SetMarginType
    | c.SetAutoAddMargin,
) -> Said:
    return (command.account_id, command.symbol, *_NOTHING[2:])


def _of_contract(command: c.DropIndexSource | c.SetMarketState) -> Said:
    return (None, command.symbol, *_NOTHING[2:])


def _create(command: c.CreateAccount) -> Said:
    return (*_NOTHING[1:], command.deposit)


def _nothing(_command: c.Annotate | c.Tick | c.Resume) -> Said:
    return _NOTHING


# The type of a command depends on its key in the table, which a mapping cannot say: hence Any.
_SAID: Mapping[type[Any], Callable[[Any], Said]] = {
    c.PlaceOrder: _place,
    c.CancelOrder: _cancel,
    c.AmendOrder: _amend,
    c.CancelAllOrders: _in_contract,
    c.PlaceConditional: _place_conditional,
    c.CancelConditional: _of_account,
    c.CancelAllConditionals: _in_contract,
    c.SetCountdown: _in_contract,
    c.SetLeverage: _in_contract,
    c.SetMarginType: _in_contract,
    c.SetAutoAddMargin: _in_contract,
    c.SetPositionMode: _of_account,
    c.AdjustMargin: _margin,
    c.CreateAccount: _create,
    c.Deposit: _money,
    c.Withdraw: _money,
    c.Transfer: _money,
    c.SetIndexPrice: _index,
    c.DropIndexSource: _of_contract,
    c.SetMarketState: _of_contract,
    c.Annotate: _nothing,
    c.Tick: _nothing,
    c.Resume: _nothing,
}
_KINDS = {command: str(command.__struct_config__.tag) for command in _SAID}
