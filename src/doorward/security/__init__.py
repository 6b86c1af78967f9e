"""Ground that guards: passwords, ciphers, tokens, and egress, the only way out to the network. Knows no business word."""
