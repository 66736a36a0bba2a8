"""Liquidation: whom to look at (`watch`), who is liquidated (`margin_pass`), how it is sold (`through_book`)."""
