"""Liquidation: who is called and who is liquidated (`margin_pass`), and how a position is sold (`through_book`)."""
