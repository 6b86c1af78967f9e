"""Contacts: records and their rules, and HubSpot's endpoints for them."""
