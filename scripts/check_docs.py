"""Fails when a page links to a file that is not there, or when an own file is named in the docs and does not exist."""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)(?:#[^)]*)?\)")
CODE_PATH = re.compile(r"`((?:src|tests|scripts|docs|bench|examples)/[\w./-]+)`")


def broken_in(page: Path) -> list[str]:
    text = page.read_text()
    missing = [
        target
        for target in LINK.findall(text)
        if "://" not in target and not target.startswith("mailto:") and not (page.parent / target).exists()
    ]
    missing += [target for target in CODE_PATH.findall(text) if not (ROOT / target).exists()]
    return [f"{page.relative_to(ROOT)}: {target} does not exist" for target in missing]


def main() -> int:
    pages = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
    problems = [problem for page in pages for problem in broken_in(page)]
    for problem in problems:
        print(problem, file=sys.stderr)
    print(f"{len(pages)} pages checked")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
