"""Liquidation: whom to look at (`watch`), who is called and liquidated (`margin_pass`), how it is sold (`through_book`)."""
