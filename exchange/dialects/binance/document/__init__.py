"""The REST side described: total tables of parameters and answers, and the OpenAPI document made from them."""
