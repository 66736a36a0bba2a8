"""What a liquidation engine decides, and nothing that it does: five parts, each a pure function of a case."""
