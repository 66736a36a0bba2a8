"""Research in virtual time: the venue that bots trade on, driven by agents and prices. No network, no asyncio."""
