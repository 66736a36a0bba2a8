"""Text and words of the dialect: numbers, JSON, errors and what refusals become. Nothing here knows an endpoint."""
