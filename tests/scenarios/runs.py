"""Short runs of scenarios for tests: what happened as one hash, what is wrong at checkpoints. It asserts nothing."""

from collections import Counter
from dataclasses import dataclass, field

import msgspec

from exchange.core.checks import violations
from exchange.journal.codec import hash_events
from scenarios.kernel import Executed
from scenarios.scenario import Scenario, read_scenario
from scenarios.stage import Stage

CHECK_EVERY = 2_000  # commands

CRASH = """
name = "small crash"
summary = "every kind of agent in a small market; the index falls 8 % after two minutes"
duration_seconds = 240
fund_quote = 200_000

[index]
walk_bp_per_sqrt_minute = 3.0
jumps_per_hour = 60.0
jump_bp = 3.0
shocks = [{ at_seconds = 120, percent = -8.0, over_seconds = 20, hold_seconds = 20, recovered = 0.5, news = false }]
coupling = { on = true }

[[agents]]
kind = "noise"
name = "noise"
count = 10
orders_per_minute = 10.0
market_share = 0.3
cancel_share = 0.3
size_quote = 3_000

[[agents]]
kind = "maker"
name = "maker"
count = 2
deposit_quote = 5_000_000
distances_bp = [2, 8, 30]
sizes_quote = [40_000, 80_000, 160_000]
inventory_max_quote = 2_000_000
lean_bp = 10
requote_seconds = 3.0

[[agents]]
kind = "momentum"
name = "momentum"
count = 3
size_quote = 20_000
wake_seconds = 5.0

[[agents]]
kind = "fundamental"
name = "fundamental"
count = 3
size_quote = 20_000
position_max_quote = 200_000
wake_seconds = 5.0

[[agents]]
kind = "arbitrage"
name = "arbitrage"
size_quote = 50_000
inventory_max_quote = 500_000

[[agents]]
kind = "leveraged"
name = "long"
count = 12
side = 1
deposit_quote = 5_000
leverages = [10, 20, 50]
weights = [1, 2, 1]
enter_seconds = 60
wake_seconds = 5.0
exit_chance = 0.02
return_chance = 0.1

[[agents]]
kind = "attacker"
name = "attacker"
side = -1
deposit_quote = 500_000
quiet_from_seconds = 30
quiet_seconds = 30
quiet_quote = 200_000
push_from_seconds = 110
push_seconds = 10
push_quote = 200_000
cover_from_seconds = 150
cover_seconds = 30
"""


@dataclass(slots=True)
class Watch:
    """A listener: the running hash of all events, how many of each kind there were, and who sent commands."""

    stage: Stage
    hash: bytes = b""
    events: Counter[str] = field(default_factory=Counter)
    origins: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def __call__(self, executed: Executed) -> None:
        self.hash = hash_events(self.hash, executed.events)
        self.events.update(type(event).__name__ for event in executed.events)
        self.origins[executed.origin] += 1
        if executed.seq % CHECK_EVERY == 0:
            self.wrong += violations(self.stage.kernel.venue.state)


def shortened(name: str, minutes: float) -> Scenario:
    """Return the first minutes of a shipped scenario."""
    return msgspec.structs.replace(read_scenario(name), duration_seconds=60 * minutes)


def watched(stage: Stage) -> Watch:
    """Run a stage to its end and return what was seen."""
    watch = Watch(stage)
    stage.kernel.listen(watch)
    stage.run()
    watch.wrong += violations(stage.kernel.venue.state)
    return watch


def draws(stage: Stage) -> dict[tuple[str, str], str]:
    """Return where every generator of every agent has come to: equal states have drawn equally."""
    return {
        (agent.desk.name, purpose): repr(generator.bit_generator.state)
        for agent in stage.agents
        for purpose, generator in agent.desk.streams.items()
    }
