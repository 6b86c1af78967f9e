"""Doorward: a self-hosted identity server that lets people in and announces them."""
