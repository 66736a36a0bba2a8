"""House bots: makers, noise, trend followers and leveraged traders that keep a demo alive over the wire."""
