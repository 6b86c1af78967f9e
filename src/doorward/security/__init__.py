"""Ground that guards: passwords, ciphers, tokens, and egress, the only way out. Knows no business word."""
