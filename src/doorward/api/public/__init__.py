"""The public port: self-service flows, sessions, schemas, health. Kratos's paths and bodies."""
