"""`python -m doorward`, and the entry point of the program `doorward`."""

from doorward.cli.main import main

__all__ = ["main"]

if __name__ == "__main__":
    main()
