"""Tells somebody when deliveries stop: a log line and a signed web_hook, each once, and again when it is over."""
