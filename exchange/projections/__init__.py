"""Folds of published events for readers: book, trades, candles, tickers, history. They change no state."""
