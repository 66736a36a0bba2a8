"""A bot whose streams break between the acknowledgement of its order and the fill finds out about the fill."""

import asyncio

import aiohttp

from clients.reference import Rest, read_ready, user_events


class Bot:
    """Knows its position from its stream, and asks for it after each connect: nobody repeats what it missed."""

    def __init__(self, rest):
        self.rest = rest
        self.position = 0.0
        self.connects = 0

    async def run(self, session, ws_url):
        async for event in user_events(session, ws_url, self.rest):  # it connects again by itself
            if event["e"] == "connected":
                account = await self.rest.futures_account()
                self.position = sum(float(row["positionAmt"]) for row in account["positions"])
                self.connects += 1
            elif event["e"] == "ACCOUNT_UPDATE":
                self.position = float(event["a"]["P"][0]["pa"])


async def scenario(venue):
    ready = read_ready(venue.ready_file)
    async with aiohttp.ClientSession() as session:
        bot = Bot(Rest(ready.rest, ready.accounts[0], session))
        running = asyncio.create_task(bot.run(session, ready.ws))
        await asyncio.to_thread(venue.wait_for, lambda: bot.connects == 1)
        order = await bot.rest.place("BTCUSDT", "BUY", "1", price="49000")
        assert order["status"] == "NEW"
        with venue.streams_down():  # no stream from here on, while REST goes on
            venue.set_index("BTCUSDT", 48_900)  # the maker follows through the bot's price, and fills it
            assert venue.orders[0].status == "FILLED"
            assert bot.position == 0
        await asyncio.to_thread(venue.wait_for, lambda: bot.position == 1)
        assert bot.connects == 2
        running.cancel()


def test_the_bot_learns_of_a_fill_that_it_missed(venue):
    venue.maker("BTCUSDT", spread=10)
    asyncio.run(scenario(venue))
