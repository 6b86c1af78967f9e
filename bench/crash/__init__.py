"""The crash rig: kills processes at random under load, and a verifier that then looks for what was lost or doubled.

Run it as `python -m bench.crash`. The verifier and what it reads share no code with the product.
"""

import sys
from pathlib import Path

# Programs are started as the tests start them.
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests"))
