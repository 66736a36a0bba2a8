"""Liquidation as the venue carries it out: `policies` decide, this acts.

Whom to look at (`watch`), who is liquidated and in which order (`margin_pass`), one scope step by step (`procedure`,
`sale`), who must close against a bankrupt (`deleveraging`), who pays for what is left (`loss_sharing`).
"""
