"""Money between the outside and the wallets of an account, and between its wallets. Each refusal changes nothing."""

from exchange.core.account import Account, Holding, cross_scope
from exchange.core.clearing import change_wallet
from exchange.core.commands import CreateAccount, Deposit, Transfer, Withdraw
from exchange.core.enums import BalanceReason, RejectReason, Wallet
from exchange.core.events import AccountCreated, Rejected
from exchange.core.margin import max_withdrawable, on_stale_index
from exchange.core.state import State
from exchange.core.units import MONEY_MAX

ACCOUNT_NAME_MAX = 64  # characters


def new_account(state: State, account_id: int, name: str) -> Account:
    """Return an account that holds nothing, with every listed contract at its default leverage."""
    holdings = {symbol: Holding(market.contract.default_leverage) for symbol, market in state.markets.items()}
    return Account(account_id, name, holdings)


def create_account(state: State, command: CreateAccount) -> Rejected | None:
    """Open the next account, with what is deposited in its two wallets."""
    if len(state.accounts) > state.rules.max_accounts:
        return Rejected(RejectReason.TOO_MANY_ACCOUNTS, detail=state.rules.max_accounts)
    amounts = (command.deposit, command.funding_deposit)
    if len(command.name) > ACCOUNT_NAME_MAX or not all(0 <= amount <= MONEY_MAX for amount in amounts):
        return Rejected(RejectReason.VALUE_OUT_OF_RANGE)
    account_id = state.next_account_id
    state.next_account_id += 1
    account = state.accounts[account_id] = new_account(state, account_id, command.name)
    state.events.append(AccountCreated(account_id, command.name))
    account.funding_wallet = command.funding_deposit
    state.net_deposits += sum(amounts)
    if any(amounts):
        change_wallet(state, cross_scope(account), command.deposit, BalanceReason.ADMIN_DEPOSIT)
    return None


def deposit(state: State, account: Account, command: Deposit) -> Rejected | None:
    """Add money from outside to the futures wallet; always welcome, in liquidation too."""
    refusal = amount_refusal(command.account_id, command.amount)
    if refusal is None:
        state.net_deposits += command.amount
        change_wallet(state, cross_scope(account), command.amount, BalanceReason.ADMIN_DEPOSIT)
    return refusal


def withdraw(state: State, account: Account, command: Withdraw) -> Rejected | None:
    """Take money from the futures wallet to the outside."""
    refusal = amount_refusal(command.account_id, command.amount) or _leaving_refusal(state, account, command.amount)
    if refusal is None:
        state.net_deposits -= command.amount
        change_wallet(state, cross_scope(account), -command.amount, BalanceReason.ADMIN_WITHDRAW)
    return refusal


def transfer(state: State, account: Account, command: Transfer) -> Rejected | None:
    """Move money between the two wallets of an account: how a trader answers a margin call."""
    refusal = amount_refusal(command.account_id, command.amount)
    if refusal is not None:
        return refusal
    if command.source is Wallet.FUTURES:
        refusal = _leaving_refusal(state, account, command.amount)
        change, reason = -command.amount, BalanceReason.WITHDRAW
    else:
        short = command.amount > account.funding_wallet
        refusal = Rejected(RejectReason.BALANCE_INSUFFICIENT, command.account_id) if short else None
        change, reason = command.amount, BalanceReason.DEPOSIT
    if refusal is None:
        account.funding_wallet -= change
        change_wallet(state, cross_scope(account), change, reason)
    return refusal


def amount_refusal(account_id: int, amount: int) -> Rejected | None:
    """Return why an amount of money to move is refused, if so."""
    if amount <= 0:
        return Rejected(RejectReason.AMOUNT_NOT_POSITIVE, account_id)
    return Rejected(RejectReason.VALUE_OUT_OF_RANGE, account_id) if amount > MONEY_MAX else None


def _leaving_refusal(state: State, account: Account, amount: int) -> Rejected | None:
    """Return why money may not leave the futures wallet, if so."""
    if account.in_liquidation:
        return Rejected(RejectReason.IN_LIQUIDATION, account.account_id)
    if on_stale_index(state, cross_scope(account)):
        return Rejected(RejectReason.INDEX_STALE, account.account_id)
    most = max_withdrawable(state, account)
    return Rejected(RejectReason.BALANCE_INSUFFICIENT, account.account_id, most) if amount > most else None
