"""Entry point of the program `portalsim`."""

from portalsim.cli import main as command


def main() -> None:
    command()


if __name__ == "__main__":
    main()
