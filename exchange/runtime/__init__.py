"""Where async meets sync: clock, the single writer, keys, price feeds, and what a served venue consists of."""
