"""The endpoints: tables of routes, requests to commands, and what answers them."""
