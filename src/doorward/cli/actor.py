"""Who acts by the command line, for the audit log."""

import getpass


def actor() -> str:
    """The user of this machine."""
    try:
        return f"cli:{getpass.getuser()}"
    except (KeyError, OSError, ImportError):
        return "cli"
