"""The verbs of the market tables that do something: each makes a command of a line, and sends it to the venue."""

from collections.abc import Callable

from exchange.core import commands as c
from exchange.core.enums import (
    MarginType,
    MarketState,
    OrderType,
    PriceMatch,
    SelfTradePrevention,
    Side,
    TimeInForce,
    Wallet,
)
from exchange.core.events import Event
from exchange.core.units import Atoms, Lots, Nanos, Ticks
from tests.market import conditional_words as conditionals
from tests.market.engine_words import read_rules
from tests.market.notation import counted, nanos, read_contract
from tests.market.stage import Stage, side_among

STATES = {"open": MarketState.TRADING, "restrict": MarketState.CANCEL_ONLY, "halt": MarketState.HALTED}
MODES = {"hedge": True, "one-way": False}
SWITCH = {"on": True, "off": False}


def _contract(stage: Stage, words: list[str]) -> None:
    """`contract base_asset=ETH mark.band=0.01 index.sources=a:1,b:2`: list one more contract, with changes."""
    changes = dict(word.split("=") for word in words)
    if "base_asset" in changes:
        changes["symbol"] = changes["base_asset"] + "USDT"
    stage.contracts.append(read_contract(changes))


def _venue(stage: Stage, words: list[str]) -> None:
    """`venue fund_seed=100 engine=tier_ladder backstop.cap=0.5`: rules of the venue as a whole, and of its engine."""
    stage.rules = read_rules(dict(word.split("=") for word in words))


def _accounts(stage: Stage, words: list[str]) -> None:
    """`accounts A B 10000 [leverage 5] [funding 100] [hedge] [isolated]`: open accounts, each with a deposit."""
    first = next(index for index, word in enumerate(words) if word[0].isdigit())
    flags = {word for word in words[first + 1 :] if word in {"hedge", "isolated"}}
    rest = [word for word in words[first + 1 :] if word not in flags]
    options = dict(zip(rest[::2], rest[1::2], strict=True))
    deposit, funding = Atoms(counted(words[first])), Atoms(counted(options.pop("funding", "0")))
    leverage = int(options.pop("leverage", "0"))
    assert not options, options
    for name in words[:first]:
        account_id = stage.venue.state.next_account_id
        stage.names.accounts[account_id] = name
        stage.execute(c.CreateAccount(name, deposit, funding))
        if "hedge" in flags:
            stage.execute(c.SetPositionMode(account_id, hedge=True))
        for symbol in stage.venue.state.markets:
            if leverage:
                stage.execute(c.SetLeverage(account_id, symbol, leverage))
            if "isolated" in flags:
                stage.execute(c.SetMarginType(account_id, symbol, MarginType.ISOLATED))


def _place(stage: Stage, words: list[str]) -> list[Event]:
    """`place A BUY 1 [ETH] [LONG] @ 10000|market|QUEUE_5 [IOC] [reduce-only] [stp=NONE] [id=mine] [GTD till=700s]`."""
    contract = stage.market(words).contract
    name, side, quantity = words[:3]
    price, options = words[words.index("@") + 1], words[words.index("@") + 2 :]
    market, match = price == "market", PriceMatch.__members__.get(price, PriceMatch.NONE)
    keyed = dict(word.split("=") for word in options if "=" in word)
    flags = {word for word in options if "=" not in word} - {"reduce-only"}
    command = c.PlaceOrder(
        stage.account(name).account_id,
        contract.symbol,
        Side[side],
        OrderType.MARKET if market else OrderType.LIMIT,
        Lots(counted(quantity, contract.step_e8)),
        Ticks(0 if market or match is not PriceMatch.NONE else counted(price, contract.tick_atoms)),
        TimeInForce[flags.pop()] if flags else TimeInForce.GTC,
        "reduce-only" in options,
        keyed.get("id", ""),
        SelfTradePrevention[keyed.get("stp", "EXPIRE_MAKER")],
        side_among(words),
        match,
        Nanos(stage.ts + nanos(keyed["till"]) if "till" in keyed else 0),
    )
    assert not flags, options
    return stage.execute(command)


def _amend(stage: Stage, words: list[str]) -> list[Event]:
    """`amend o1 to 2 @ 10000|QUEUE [as SELL] [reduce-only]`: a new total quantity and price."""
    order = stage.order(words[0])
    contract = stage.names.contracts[order.symbol]
    match = PriceMatch.__members__.get(words[4], PriceMatch.NONE)
    quantity = counted(words[2], contract.step_e8)
    price = counted(words[4], contract.tick_atoms) if match is PriceMatch.NONE else 0
    side = Side[words[6]] if "as" in words else order.side
    reduce_only = "reduce-only" in words
    return stage.execute(
        c.AmendOrder(
            order.account_id,
            order.symbol,
            side,
            Lots(quantity),
            Ticks(price),
            order.order_id,
            reduce_only=reduce_only,
            price_match=match,
        )
    )


def _cancel(stage: Stage, words: list[str]) -> list[Event]:
    order = stage.order(words[0])
    return stage.execute(c.CancelOrder(order.account_id, order.symbol, order.order_id))


def _cancel_all(stage: Stage, words: list[str]) -> list[Event]:
    """`cancel-all A [and stops] [ETH]`."""
    account_id, symbol = stage.account(words[0]).account_id, stage.market(words).contract.symbol
    return stage.execute(c.CancelAllOrders(account_id, symbol, conditionals="stops" in words))


def _index(stage: Stage, words: list[str]) -> list[Event]:
    """`index 10000 [ETH] [from spot]`: a price of one source, or of all of them."""
    contract = stage.market(words).contract
    source = words[words.index("from") + 1] if "from" in words else ""
    return stage.execute(c.SetIndexPrice(contract.symbol, Ticks(counted(words[0], contract.tick_atoms)), source=source))


def _drop(stage: Stage, words: list[str]) -> list[Event]:
    """`drop spot [ETH]`, or `drop all`: the source is lost until its next price."""
    source = "" if words[0] == "all" else words[0]
    return stage.execute(c.DropIndexSource(stage.market(words).contract.symbol, source))


def _transfer(stage: Stage, words: list[str]) -> list[Event]:
    """`transfer A 100 in|out`: into the futures wallet, or out of it."""
    source = {"in": Wallet.FUNDING, "out": Wallet.FUTURES}[words[2]]
    return stage.execute(c.Transfer(stage.account(words[0]).account_id, source, Atoms(counted(words[1]))))


def _deposit(stage: Stage, words: list[str]) -> list[Event]:
    return stage.execute(c.Deposit(stage.account(words[0]).account_id, Atoms(counted(words[1]))))


def _withdraw(stage: Stage, words: list[str]) -> list[Event]:
    return stage.execute(c.Withdraw(stage.account(words[0]).account_id, Atoms(counted(words[1]))))


def _leverage(stage: Stage, words: list[str]) -> list[Event]:
    symbol = stage.market(words).contract.symbol
    return stage.execute(c.SetLeverage(stage.account(words[0]).account_id, symbol, int(words[1])))


def _margin_type(stage: Stage, words: list[str]) -> list[Event]:
    """`margin-type A isolated [ETH]`."""
    symbol = stage.market(words).contract.symbol
    margin_type = MarginType[words[1].upper()]
    return stage.execute(c.SetMarginType(stage.account(words[0]).account_id, symbol, margin_type))


def _mode(stage: Stage, words: list[str]) -> list[Event]:
    return stage.execute(c.SetPositionMode(stage.account(words[0]).account_id, MODES[words[1]]))


def _auto_add(stage: Stage, words: list[str]) -> list[Event]:
    symbol = stage.market(words).contract.symbol
    return stage.execute(c.SetAutoAddMargin(stage.account(words[0]).account_id, symbol, SWITCH[words[1]]))


def _adjust(*, add: bool) -> Callable[[Stage, list[str]], list[Event]]:
    """`add A 100 [ETH] [LONG]` to the wallet of an isolated position, `remove A 100 ...` from it."""

    def adjust(stage: Stage, words: list[str]) -> list[Event]:
        account_id, symbol = stage.account(words[0]).account_id, stage.market(words).contract.symbol
        return stage.execute(c.AdjustMargin(account_id, symbol, Atoms(counted(words[1])), add, side_among(words)))

    return adjust


def _market(stage: Stage, words: list[str]) -> list[Event]:
    return stage.execute(c.SetMarketState(stage.market(words).contract.symbol, STATES[words[0]]))


def _tick(stage: Stage, words: list[str]) -> list[Event]:
    """`tick 10s`: that much time passes, with everything that falls due in it."""
    return stage.advance(stage.ts + nanos(words[0]))


def _outage(stage: Stage, words: list[str]) -> list[Event]:
    """`outage 20h`: nothing runs for that long, then the venue resumes."""
    stage.ts += nanos(words[0])
    return stage.execute(c.Resume())


SETUP: dict[str, Callable[[Stage, list[str]], None]] = {
    "contract": _contract,
    "venue": _venue,
    "accounts": _accounts,
}

COMMANDS: dict[str, Callable[[Stage, list[str]], list[Event]]] = {
    "place": _place,
    "amend": _amend,
    "cancel": _cancel,
    "cancel-all": _cancel_all,
    "stop": conditionals.stop,
    "take": conditionals.take,
    "trail": conditionals.trail,
    "drop-stop": conditionals.withdraw,
    "drop-stop-named": conditionals.withdraw_named,
    "drop-stops": conditionals.withdraw_all,
    "countdown": conditionals.countdown,
    "index": _index,
    "drop": _drop,
    "deposit": _deposit,
    "withdraw": _withdraw,
    "transfer": _transfer,
    "leverage": _leverage,
    "margin-type": _margin_type,
    "mode": _mode,
    "add": _adjust(add=True),
    "remove": _adjust(add=False),
    "auto-add": _auto_add,
    "market": _market,
    "tick": _tick,
    "outage": _outage,
}
