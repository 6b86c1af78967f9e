"""Persons: their traits, credentials, addresses and consent. `service` is the only writer."""
