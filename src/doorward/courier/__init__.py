"""Mail and text messages as deliveries: models and templates. Sending is a connector's work."""
