"""The dialect of Binance USD-M Futures: request text to command or error, views and events to JSON-able objects."""
