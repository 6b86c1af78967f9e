"""The engine that takes deliveries from the outbox and has connectors send them.

Claim, prepare, batch, send, settle, rescue.
"""
