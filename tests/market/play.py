"""Plays the lines of a market table on a stage, and holds each against what the line states."""

from collections.abc import Sequence

from exchange.core.checks import conservation_residue, violations
from exchange.core.events import ConditionalUpdated, Event, OrderUpdated
from tests.market.actions import COMMANDS, SETUP
from tests.market.conditional_words import told_of_conditionals
from tests.market.happenings import told
from tests.market.notation import Line
from tests.market.readings import READERS
from tests.market.stage import Stage


def play(stage: Stage, line: Line) -> None:
    """Play one line. Raises AssertionError when something else happens than it states."""
    verb, *words = line.words
    if verb in SETUP:
        SETUP[verb](stage, words)
        return
    happened = [READERS[verb](stage, words)] if verb in READERS else _told(stage, COMMANDS[verb](stage, words), line)
    assert happened == list(line.outcomes), f"line {line.number}: {line.text}\n  happened: {'; '.join(happened)}"
    state = stage.venue.state
    assert conservation_residue(state) == 0, f"line {line.number}: {line.text}: money appeared or vanished"
    assert violations(state) == [], f"line {line.number}: {line.text}"


def _told(stage: Stage, events: Sequence[Event], line: Line) -> list[str]:
    """Return what happened. An order that is let in gets the single word that the line gives it as name."""
    if line.words[0] == "place":
        named = [outcome for outcome in line.outcomes[:1] if outcome.isalnum()]
        born = next((event.order.order_id for event in events if isinstance(event, OrderUpdated)), 0)
        stage.names.orders[born] = named[0] if named else "an order without a name"
    elif line.words[0] in {"stop", "take", "trail"}:
        named = [outcome for outcome in line.outcomes[:1] if outcome.isalnum()]
        made = next((event.conditional for event in events if isinstance(event, ConditionalUpdated)), None)
        if made is not None:
            stage.names.orders[made.conditional_id] = named[0] if named else "a stop without a name"
    return [text for event in events for text in told_of_conditionals(event, stage.names) or told([event], stage.names)]
