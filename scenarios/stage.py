"""Puts a scenario on a venue in virtual time: accounts, prices and agents around one kernel. It measures nothing."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from exchange.core.commands import CreateAccount, SetLeverage
from exchange.core.contract import Contract
from exchange.core.rules import VenueRules
from exchange.core.units import ATOMS_PER_QUOTE, MILLISECOND, SECOND, Atoms
from exchange.core.venue import Venue
from exchange.journal.policies import policy_of
from exchange.runtime.engines import read_engine
from scenarios.agents.agent import Agent, Desk, let_live
from scenarios.agents.arbitrage import Arbitrage, Arbitrageur
from scenarios.agents.attacker import Attacker, MarkAttacker
from scenarios.agents.fundamental import Fundamental, FundamentalTrader
from scenarios.agents.leveraged import Leveraged, LeveragedTrader
from scenarios.agents.maker import Maker, MarketMaker
from scenarios.agents.momentum import Momentum, MomentumTrader
from scenarios.agents.noise import Noise, NoiseTrader
from scenarios.kernel import Kernel
from scenarios.prices import Prices
from scenarios.scenario import Scenario, ScenarioError

STAGE = "stage"  # the origin of what opens the accounts
PROGRESS_NS = 60 * SECOND  # of virtual time between two words of progress

Progress = Callable[[float], None]  # is told the share of the run that is done

# The type of a group depends on its key in the table, which a mapping cannot say: hence Any.
SEATS: Mapping[type[Any], Callable[[Desk, Any, Prices], Agent]] = {
    Noise: lambda desk, group, _prices: NoiseTrader(desk, group),
    Maker: lambda desk, group, _prices: MarketMaker(desk, group),
    Momentum: lambda desk, group, _prices: MomentumTrader(desk, group),
    Fundamental: lambda desk, group, prices: FundamentalTrader(desk, group, prices.value),
    Arbitrage: lambda desk, group, _prices: Arbitrageur(desk, group),
    Leveraged: lambda desk, group, _prices: LeveragedTrader(desk, group),
    Attacker: lambda desk, group, _prices: MarkAttacker(desk, group),
}


@dataclass(slots=True)
class Stage:
    """One run, ready to begin. What opens accounts is done at the beginning of `run`, so that listeners hear of it."""

    scenario: Scenario
    seed: int
    rules: VenueRules
    contracts: tuple[Contract, ...]
    kernel: Kernel
    agents: list[Agent]
    prices: Prices
    coupled: bool  # whether the index follows the flow

    def run(self, progress: Progress | None = None) -> None:
        """Run to the end."""
        start_ts, end_ts = self.scenario.start_ts, self.scenario.end_ts
        for until in [*range(start_ts + PROGRESS_NS, end_ts, PROGRESS_NS), end_ts]:
            if until > self.kernel.now:
                self.kernel.run(until)
            if progress:
                progress((until - start_ts) / (end_ts - start_ts))


def build(
    scenario: Scenario,
    seed: int,
    *,
    engine: str | None = None,
    muted: bool = False,
    coupled: bool | None = None,
    silent: Collection[str] = (),
) -> Stage:
    """Return a scenario under a root seed, ready to run.

    `engine`: as `--policy` names it, instead of the scenario's; `muted`: nobody is liquidated; `coupled`: whether the
    index follows the flow, instead of what the scenario says. Agents named in `silent` have their accounts and never
    act. Raises SettingsError, ScenarioError and what the source of the index raises.
    """
    contract = scenario.traded()
    rules = VenueRules(
        fund_seed=Atoms(round(scenario.fund_quote * ATOMS_PER_QUOTE)),
        engine=msgspec.structs.replace(read_engine(engine or scenario.engine), muted=muted),
    )
    _accept(scenario, contract, rules)
    kernel = Kernel(Venue(rules, (contract,), policy_of(rules)), scenario.start_ts)
    follows = scenario.index.coupling.on if coupled is None else coupled
    prices = Prices(kernel, contract, scenario.index, seed, coupled=follows)
    agents = _seated(scenario, kernel, prices, seed)
    strangers = set(silent) - {agent.desk.name for agent in agents}
    if strangers:
        raise ScenarioError(f"silent: {', '.join(sorted(strangers))} trades nothing here; names are as in maker-1")
    kernel.call_at(kernel.now, lambda: _open(kernel, agents))
    kernel.call_at(kernel.now, prices.begin)
    for agent in agents:
        if agent.desk.name not in silent:
            let_live(kernel, agent)
    return Stage(scenario, seed, rules, (contract,), kernel, agents, prices, follows)


def _accept(scenario: Scenario, contract: Contract, rules: VenueRules) -> None:
    """Raise ScenarioError for accounts, leverages and a first price that the venue would refuse."""
    accounts = sum(group.count for group in scenario.agents)
    if accounts > rules.max_accounts:
        raise ScenarioError(f"agents: {accounts} accounts are more than the {rules.max_accounts} of a venue")
    tick, opens = contract.tick_atoms / ATOMS_PER_QUOTE, scenario.index.open
    if not contract.min_price * tick <= opens <= contract.max_price * tick:
        bounds = f"{contract.min_price * tick:g} to {contract.max_price * tick:g}"
        raise ScenarioError(f"index.open = {opens:g}: {contract.symbol} trades at {bounds}")
    for group in scenario.agents:
        if group.leverage_most > contract.max_leverage:
            most = f"{contract.max_leverage} of {contract.symbol}"
            raise ScenarioError(f"agents {group.name!r}: leverage {group.leverage_most} is more than the {most}")


def _seated(scenario: Scenario, kernel: Kernel, prices: Prices, seed: int) -> list[Agent]:
    """Return all agents in the order of the file: the first one has account 1."""
    agents: list[Agent] = []
    for group in scenario.agents:
        latency_ns = round(group.latency_ms * MILLISECOND)
        for number in range(1, group.count + 1):
            name = f"{group.name}-{number}"
            desk = Desk(kernel, name, len(agents) + 1, prices.contract.symbol, latency_ns, seed)
            agents.append(SEATS[type(group)](desk, group, prices))
    return agents


def _open(kernel: Kernel, agents: list[Agent]) -> None:
    """Open the accounts of all agents, with their deposits and leverages."""
    for agent in agents:
        deposit = Atoms(round(agent.deposit_quote * ATOMS_PER_QUOTE))
        kernel.submit(CreateAccount(agent.desk.name, deposit), STAGE)
        kernel.submit(SetLeverage(agent.desk.account_id, agent.desk.symbol, agent.leverage), STAGE)
