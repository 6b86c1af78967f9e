"""The control API under `/_sim/`: what no portal has and every test needs."""
