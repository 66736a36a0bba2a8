"""Wallets, positions and marks of all accounts as events told them: what samples are taken of. It decides nothing."""

from collections.abc import Iterator, Sequence

from exchange.core.account import FUND_ID
from exchange.core.contract import Contract, maintenance_of
from exchange.core.enums import BalanceReason, MarginType, PositionSide
from exchange.core.events import AccountUpdated
from exchange.core.margin import initial_margin_of
from exchange.core.records import PositionRecord

FROM_OUTSIDE = frozenset(
    {
        BalanceReason.ADMIN_DEPOSIT,
        BalanceReason.ADMIN_WITHDRAW,
        BalanceReason.DEPOSIT,
        BalanceReason.WITHDRAW,
    },
)
AccountRow = tuple[object, ...]  # from `account` on, as in the schema
_Leg = tuple[str, PositionSide]


class Ledger:
    """All accounts. Money in atoms, quantities in lots, prices in ticks."""

    def __init__(self, contracts: Sequence[Contract], fund_seed: int) -> None:
        """Begin with the insurance fund alone."""
        self.marks = {contract.symbol: 0 for contract in contracts}
        self.open_interest = {contract.symbol: 0 for contract in contracts}  # lots held long
        self.leverages: dict[tuple[int, str], int] = {}
        self._contracts = {contract.symbol: contract for contract in contracts}
        self._wallets: dict[int, int] = {FUND_ID: fund_seed}  # whole futures wallets
        self._isolated: dict[int, int] = {}  # the part of them that isolated positions have
        self._deposits: dict[int, int] = {FUND_ID: fund_seed}
        self._legs: dict[int, dict[_Leg, PositionRecord]] = {FUND_ID: {}}  # open ones

    def open(self, account_id: int) -> None:
        """Take in a new account."""
        self._wallets[account_id] = self._deposits[account_id] = 0
        self._legs[account_id] = {}

    def update(self, event: AccountUpdated) -> None:
        """Take in a changed wallet or position."""
        account_id = event.account_id
        assert account_id in self._wallets, "a recorder must hear of every account from its opening on"
        self._wallets[account_id] = event.wallet_balance
        if event.isolated_balance or account_id in self._isolated:
            self._isolated[account_id] = event.isolated_balance
        if event.reason in FROM_OUTSIDE:
            self._deposits[account_id] += event.balance_change
        for record in event.positions:
            legs, key = self._legs[account_id], (record.symbol, record.position_side)
            before = legs.pop(key, None)
            held = before.quantity if before is not None else 0
            self.open_interest[record.symbol] += max(0, record.quantity) - max(0, held)
            if record.quantity:
                legs[key] = record

    @property
    def fund_equity(self) -> int:
        """The fund's wallet, and what its positions have made at the marks."""
        return self._wallets[FUND_ID] + sum(self._profit(record) for record in self._legs[FUND_ID].values())

    def leverage(self, account_id: int, symbol: str) -> int:
        """Return the leverage that an account has chosen in a contract."""
        return self.leverages.get((account_id, symbol), self._contracts[symbol].default_leverage)

    def margins(self, symbol: str, quantity: int, leverage: int) -> tuple[int, int]:
        """Return maintenance and initial margin of a position at the mark."""
        contract = self._contracts[symbol]
        notional = contract.notional(self.marks[symbol], abs(quantity))
        return maintenance_of(notional, contract.bracket_of(notional)), initial_margin_of(notional, leverage)

    def rows(self) -> Iterator[AccountRow]:
        """Yield a row for each open position, and one for each cross wallet on which no position stands, by account."""
        for account_id, legs in self._legs.items():
            cross = self._wallets[account_id] - self._isolated.get(account_id, 0)
            if not any(record.margin_type is MarginType.CROSS for record in legs.values()):
                deposits = self._deposits[account_id]
                yield (account_id, None, None, MarginType.CROSS, cross, deposits, 0, 0, None, 0, cross, 0, 0, None)
            if legs:
                yield from self._position_rows(account_id, cross, legs)

    def net_deposits(self, account_id: int) -> int:
        """Return what came into an account's futures wallet from outside, less what left."""
        return self._deposits[account_id]

    def _position_rows(self, account_id: int, cross: int, legs: dict[_Leg, PositionRecord]) -> Iterator[AccountRow]:
        scoped = [record for record in legs.values() if record.margin_type is MarginType.CROSS]
        balance = cross + sum(self._profit(record) for record in scoped)
        deposits = self._deposits[account_id]
        required = sum(self.margins(record.symbol, record.quantity, 1)[0] for record in scoped)
        for record in legs.values():
            symbol, quantity, profit = record.symbol, record.quantity, self._profit(record)
            leverage = self.leverage(account_id, symbol)
            own, initial = self.margins(symbol, quantity, leverage)
            apart = record.margin_type is MarginType.ISOLATED
            wallet = record.isolated_wallet if apart else cross
            equity, maintenance = (wallet + profit, own) if apart else (balance, required)
            place = (account_id, symbol, record.position_side, record.margin_type, wallet, deposits)
            held = (quantity, record.entry_value, self.marks[symbol], profit)
            yield (*place, *held, equity, maintenance, initial, leverage)

    def _profit(self, record: PositionRecord) -> int:
        worth = self._contracts[record.symbol].notional(self.marks[record.symbol], record.quantity)
        return worth - record.entry_value
