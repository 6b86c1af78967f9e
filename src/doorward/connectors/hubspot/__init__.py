"""HubSpot: one contact per person, written by our own key, never over somebody else's data."""
