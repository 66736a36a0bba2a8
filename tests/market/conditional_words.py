"""The words of the market tables for conditional orders and deadlines: their verbs, and what is told of them."""

from exchange.core import commands as c
from exchange.core import events as e
from exchange.core.conditional import Conditional
from exchange.core.contract import Contract
from exchange.core.enums import ConditionalStatus, ConditionalType, PriceMatch, Side, TimeInForce, WorkingType
from exchange.core.events import Event
from exchange.core.units import Lots, Nanos, RateE8, Ticks
from tests.market.happenings import Names
from tests.market.notation import counted, lasting, nanos, plain
from tests.market.stage import Stage, side_among

_KINDS = {  # by verb, and whether a limit follows
    ("stop", False): ConditionalType.STOP_MARKET,
    ("stop", True): ConditionalType.STOP,
    ("take", False): ConditionalType.TAKE_PROFIT_MARKET,
    ("take", True): ConditionalType.TAKE_PROFIT,
}


def stop(stage: Stage, words: list[str]) -> list[Event]:
    """`stop A SELL 1|all at 9500 [@ 9400|QUEUE] [mark] [protect] [reduce-only] [IOC] [id=x] [till=700s] [LONG]`."""
    return _when(stage, "stop", words)


def take(stage: Stage, words: list[str]) -> list[Event]:
    """`take A SELL 1 at 10500 ...`, as `stop`."""
    return _when(stage, "take", words)


def trail(stage: Stage, words: list[str]) -> list[Event]:
    """`trail A SELL 1 by 0.01 [from 10500] ...`: the callback rate, and the activation price."""
    contract = stage.market(words).contract
    start = counted(words[words.index("from") + 1], contract.tick_atoms) if "from" in words else 0
    rate = counted(words[words.index("by") + 1])
    return stage.execute(
        _command(
            stage,
            words,
            ConditionalType.TRAILING_STOP_MARKET,
            activation_price=Ticks(start),
            callback_rate=RateE8(rate),
        )
    )


def withdraw(stage: Stage, words: list[str]) -> list[Event]:
    """`drop-stop a1`: cancel a conditional order by its id."""
    conditional = waiting(stage, words[0])
    return stage.execute(c.CancelConditional(conditional.account_id, conditional.conditional_id))


def withdraw_named(stage: Stage, words: list[str]) -> list[Event]:
    """`drop-stop-named A x`: cancel a conditional order by its client id."""
    return stage.execute(c.CancelConditional(stage.account(words[0]).account_id, client_id=words[1]))


def withdraw_all(stage: Stage, words: list[str]) -> list[Event]:
    """`drop-stops A [ETH]`: cancel all of them in a contract."""
    symbol = stage.market(words).contract.symbol
    return stage.execute(c.CancelAllConditionals(stage.account(words[0]).account_id, symbol))


def countdown(stage: Stage, words: list[str]) -> list[Event]:
    """`countdown A 30s|off [ETH]`: cancel all open orders then, unless it is set anew."""
    length = 0 if words[1] == "off" else nanos(words[1])
    symbol = stage.market(words).contract.symbol
    return stage.execute(c.SetCountdown(stage.account(words[0]).account_id, symbol, Nanos(length)))


def waiting(stage: Stage, name: str) -> Conditional:
    """Return the waiting conditional order that a table calls `name`."""
    ids = {known: each for each, known in stage.names.orders.items()}
    found = (account.conditionals.get(ids[name]) for account in stage.venue.state.accounts.values())
    return next(conditional for conditional in found if conditional is not None)


def stops(stage: Stage, words: list[str]) -> str:
    """`stops A -> a1@9500 a2@none`: what waits, oldest first, each with its trigger price of the moment."""
    contracts = stage.names.contracts
    told = [
        f"{stage.names.orders[each.conditional_id]}"
        f"@{plain(each.trigger_price * contracts[each.symbol].tick_atoms) if each.trigger_price else 'none'}"
        for each in stage.account(words[0]).conditionals.values()
    ]
    return " ".join(told) or "none"


def told_of_conditionals(event: e.Event, names: Names) -> list[str]:
    """Return what happened to a conditional order or a countdown; an order that it becomes bears its name."""
    match event:
        case e.CountdownSet():
            ends = f"over at {lasting(event.due - names.start_ts)}" if event.due else "off"
            return [f"countdown {names.accounts[event.account_id]}{names.of(event.symbol)} {ends}"]
        case e.ConditionalUpdated():
            return _conditional(event, names)
        case _:
            return []


def _conditional(event: e.ConditionalUpdated, names: Names) -> list[str]:
    one = event.conditional
    name = names.orders[one.conditional_id]
    match one.status:
        case ConditionalStatus.NEW:
            return [name]
        case ConditionalStatus.TRIGGERING:
            return []  # what comes of it follows at once
        case ConditionalStatus.TRIGGERED:
            names.orders[one.order_id] = name
            return [f"{name} fires"]
        case ConditionalStatus.REJECTED:
            assert one.reject_reason is not None
            return [f"{name} fires in vain {one.reject_reason.name}"]
        case ConditionalStatus.FINISHED:
            value = f" for {plain(one.cum_quote)}" if one.filled else ""
            return [f"{name} done {names.quantity(one.symbol, one.filled)}{value}"]
        case ConditionalStatus.CANCELED | ConditionalStatus.EXPIRED:
            return [f"{name} stop {one.status.name.lower()}"]


def _when(stage: Stage, verb: str, words: list[str]) -> list[Event]:
    contract = stage.market(words).contract
    limit = words[words.index("@") + 1] if "@" in words else ""
    trigger = Ticks(counted(words[words.index("at") + 1], contract.tick_atoms))
    priced = limit if limit.lstrip("-").replace(".", "").isdigit() else ""
    match = PriceMatch.NONE if priced or not limit else PriceMatch[limit]
    return stage.execute(
        _command(
            stage,
            words,
            _KINDS[verb, bool(limit)],
            trigger_price=trigger,
            price=Ticks(counted(priced, contract.tick_atoms) if priced else 0),
            price_match=match,
        )
    )


def _command(
    stage: Stage,
    words: list[str],
    kind: ConditionalType,
    *,
    trigger_price: Ticks = Ticks(0),  # noqa: B008 - a NewType of an integer
    price: Ticks = Ticks(0),  # noqa: B008 - same
    price_match: PriceMatch = PriceMatch.NONE,
    activation_price: Ticks = Ticks(0),  # noqa: B008 - same
    callback_rate: RateE8 = RateE8(0),  # noqa: B008 - same
) -> c.PlaceConditional:
    contract: Contract = stage.market(words).contract
    keyed = dict(word.split("=") for word in words if "=" in word)
    life = next((TimeInForce[word] for word in words if word in TimeInForce.__members__), TimeInForce.GTC)
    till = stage.ts + nanos(keyed["till"]) if "till" in keyed else 0
    return c.PlaceConditional(
        account_id=stage.account(words[0]).account_id,
        symbol=contract.symbol,
        side=Side[words[1]],
        kind=kind,
        quantity=Lots(0 if words[2] == "all" else counted(words[2], contract.step_e8)),
        trigger_price=trigger_price,
        price=price,
        working_type=WorkingType.MARK_PRICE if "mark" in words else WorkingType.CONTRACT_PRICE,
        time_in_force=TimeInForce.GTD if "till" in keyed else life,
        reduce_only="reduce-only" in words,
        close_position=words[2] == "all",
        price_protect="protect" in words,
        activation_price=activation_price,
        callback_rate=callback_rate,
        client_id=keyed.get("id", ""),
        position_side=side_among(words),
        price_match=price_match,
        good_till=Nanos(till),
    )
