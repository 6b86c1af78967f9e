"""The crash rig: kills processes at random under load, and a verifier that then looks for what was lost or doubled.

Run it as `python -m bench.crash`. The verifier and what it reads share no code with the product.
"""
