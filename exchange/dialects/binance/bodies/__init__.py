"""What the dialect writes of accounts, markets, orders and conditional orders: JSON-able objects."""
