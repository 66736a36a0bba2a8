"""A liquidation told in a few plain sentences, for somebody who learns what happened. It computes nothing by itself."""

from collections.abc import Iterator, Mapping, Sequence

from exchange.core.contract import Contract
from exchange.core.enums import MarginType
from exchange.core.events import PositionLiquidated
from exchange.core.policies.backstop import BackstopKind
from exchange.dialects.binance.text.numbers import average_price_text, price_text, quantity_text, short_text
from exchange.projections import avoidance
from exchange.projections.case_files import Asked, Episode, Liquidation, MarkMove, residue_at_takeover

Contracts = Mapping[str, Contract]
NAMED_MAX = 5  # accounts or orders that a sentence names


def story(contracts: Contracts, found: Liquidation, backstop: BackstopKind) -> str:
    """Return the sentences, parted by blanks; of a venue with a vault they say so, of others "the fund"."""
    event, episode = found.event, found.episode
    if event is None or episode is None:
        contract = contracts[found.symbol]
        lots = quantity_text(contract, found.deleveraged_lots)
        who = _accounts(found.victims) or "nobody"
        return f"The vault was under water: {lots} {contract.base_asset} of its position were closed against {who}."
    contract, fund = contracts[event.symbol], "vault" if backstop is BackstopKind.VAULT else "fund"
    return " ".join(
        [
            *_standing(contract, event, episode),
            *_trigger(contracts, contract.quote_asset, episode),
            *_cascade(found),
            *_orders(contract, event, found.asked),
            *_path(contract, event, found, fund),
            *_payers(contract, found, fund),
            *_avoidance(contracts, contract.quote_asset, episode),
        ]
    )


def _standing(contract: Contract, event: PositionLiquidated, episode: Episode) -> Iterator[str]:
    locked, asset = episode.locked, contract.quote_asset
    side = "long" if event.quantity > 0 else "short"
    kind = "isolated" if event.margin_type is MarginType.ISOLATED else "cross"
    lots = quantity_text(contract, abs(event.quantity))
    mark = price_text(contract, event.mark_price)
    held = "position" if len(locked.positions) == 1 else f"{len(locked.positions)} positions"
    yield (
        f"Account {event.account_id} was {side} {lots} {contract.base_asset} ({kind}), at a mark of {mark} {asset}. "
        f"When its liquidation began, its wallet and the profit or loss of its {held} came to "
        f"{short_text(locked.equity)} {asset}, which had to be more than the maintenance margin of "
        f"{short_text(locked.maintenance_margin)} {asset}."
    )


def _trigger(contracts: Contracts, asset: str, episode: Episode) -> Iterator[str]:
    trigger = episode.trigger
    for move in trigger.moves:
        yield _move(contracts[move.symbol], move)
    if trigger.funding:
        yield f"It had just paid {short_text(trigger.funding)} {asset} of funding."
    if trigger.maker_of is not None:
        yield f"An order of its own had just traded with liquidation {trigger.maker_of.liquidation_id}."
    if not trigger.moves and not trigger.funding and trigger.maker_of is None:
        yield "No mark had moved against it since it was judged last: its own trades or payments brought it there."


def _move(contract: Contract, move: MarkMove) -> str:
    word = "fallen" if move.after < move.before else "risen"
    before, after = price_text(contract, move.before), price_text(contract, move.after)
    index = f"the index was set by command {move.index_seq}" if move.index_seq else "the index was not set"
    first, last = move.first_trade_id, move.last_trade_id
    trades = "nothing was traded"
    if move.trades:
        trades = (
            f"trade {last} was printed" if first == last else f"{move.trades} trades were printed, {first} to {last}"
        )
    moved = f"The mark of {contract.symbol} had {word} from {before} to {after}"
    return f"{moved}: since the mark before, {index}, and {trades}."


def _cascade(found: Liquidation) -> Iterator[str]:
    link = found.link
    if found.parent_id is None:
        yield "No liquidation before it pushed that way: it stands at the beginning of its cascade."
    else:
        yield (
            f"Liquidation {found.parent_id} had traded in the direction that hurt it: it counts as generation "
            f"{link.generation} of cascade {link.cascade_id}, which does not prove that it would have lived otherwise."
        )


def _orders(contract: Contract, event: PositionLiquidated, asked: Sequence[Asked]) -> Iterator[str]:
    """Say what each order asked, the first few of many, and what came of them together."""
    if not asked:
        return
    verb = "sold" if event.quantity > 0 else "bought back"
    (first, limit), *others = [
        (quantity_text(contract, one.quantity), price_text(contract, one.limit_price)) for one in asked
    ]
    more = [f", then {lots} at {price}" for lots, price in others[: NAMED_MAX - 1]]
    left = f", and {len(asked) - NAMED_MAX} orders more" if len(asked) > NAMED_MAX else ""
    filled = quantity_text(contract, event.filled_quantity)
    average = average_price_text(contract, event.filled_value, event.filled_quantity)
    at = f", at {average} on average" if event.filled_quantity else ""
    yield (
        f"{first} {contract.base_asset} were to be {verb} at {limit} or better{''.join(more)}{left}; {filled} were{at}."
    )


def _path(contract: Contract, event: PositionLiquidated, found: Liquidation, fund: str) -> Iterator[str]:
    base, asset = contract.base_asset, contract.quote_asset
    if found.taken_over:
        residue = residue_at_takeover(contract, event)
        more = "more" if residue >= 0 else "less"
        yield (
            f"The {fund} took {quantity_text(contract, found.taken_over)} {base} for "
            f"{short_text(event.taken_over_value)} {asset}; at that mark they were worth "
            f"{short_text(abs(residue))} {asset} {more}."
        )
    if found.unwound:
        word = "gained" if found.unwinding_gain >= 0 else "lost"
        yield (
            f"{quantity_text(contract, found.unwound)} of these have left its hands since, and it {word} "
            f"{short_text(abs(found.unwinding_gain))} {asset} by them."
        )
    if found.deleveraged:
        lots = quantity_text(contract, found.deleveraged_lots)
        yield f"{lots} {base} were closed against {_accounts(found.victims) or f'the {fund}'} (auto-deleveraging)."
    for one in found.closed_for:
        lots = quantity_text(contract, one.quantity)
        yield (
            f"{lots} {base} were closed against account {one.account_id} when that one was deleveraged "
            f"(liquidation {one.liquidation_id}): nobody else was left."
        )
    if found.left_open:
        yield f"{quantity_text(contract, found.left_open)} {base} stayed open."


def _payers(contract: Contract, found: Liquidation, fund: str) -> Iterator[str]:
    asset = contract.quote_asset
    if found.fees > 0:
        yield f"It paid a liquidation fee of {short_text(found.fees)} {asset} to the {fund}."
    if found.fees < 0:
        yield f"The {fund} paid {short_text(-found.fees)} {asset} for fills worse than bankruptcy."
    if found.deficit_paid:
        yield f"The {fund} paid {short_text(found.deficit_paid)} {asset} that its wallet lacked."
    if found.shared is not None:
        payers = tuple(dict.fromkeys(account_id for account_id, _, _ in found.shared.payers))
        yield (
            f"The {fund} was left with a loss of {short_text(found.shared.event.loss)} {asset} by this margin pass, "
            f"of which {_accounts(payers)} paid {short_text(found.shared.event.paid)} {asset}."
        )


def _avoidance(contracts: Contracts, asset: str, episode: Episode) -> Iterator[str]:
    locked = episode.locked
    deposit = avoidance.smallest_deposit(locked.equity, locked.maintenance_margin)
    leverage = avoidance.highest_leverage(locked, contracts)
    begin = f"With {short_text(deposit)} {asset} more in its wallet"
    then = "it would not have been liquidated at that moment"
    if leverage:
        yield (
            f"{begin}, or entered with a leverage of at most {leverage} (with just the margin of that, fees and "
            f"funding apart), {then}."
        )
    else:
        yield f"{begin} {then}; the margin of no leverage at entry was enough for that."


def _accounts(ids: Sequence[int]) -> str:
    """Return a list of accounts in words, the first few of many; nothing for none."""
    names = [f"account {account_id}" for account_id in ids[:NAMED_MAX]]
    if len(ids) > NAMED_MAX:
        return ", ".join(names) + f" and {len(ids) - NAMED_MAX} more"
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))
