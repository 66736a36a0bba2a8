"""The sockets of the venue: REST, streams and the control API on one aiohttp application. Translation is elsewhere."""
