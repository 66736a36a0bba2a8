"""The OpenAPI document of the REST side, held against what the venue does."""
