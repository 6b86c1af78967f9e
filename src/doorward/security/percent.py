"""Percent escapes (RFC 3986, 2.1) that cannot be read: as Go does, whoever meets one refuses the whole text. Python
would keep it as it stands, and something behind us might read it in another way."""

import re

BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
