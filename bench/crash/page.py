"""`python -m bench.crash.page`: writes the results into `docs/explanation/reliability.md` and draws its picture."""

from collections.abc import Mapping
from typing import Any

from .picture import draw
from .results import DATABASES, NAMES, ROOT, Results, read_results

PAGE = ROOT / "docs" / "explanation" / "reliability.md"
PICTURE = ROOT / "docs" / "pictures" / "reliability.svg"
BEGIN, END = "<!-- results: written by python -m bench.crash.page -->\n", "<!-- end of results -->\n"


def main() -> None:
    results = read_results()
    PAGE.write_text(with_results(PAGE.read_text(), results))
    PICTURE.write_text(draw(results))
    print(f"wrote {PAGE.relative_to(ROOT)} and {PICTURE.relative_to(ROOT)}")


def with_results(page: str, results: Results) -> str:
    """The page with its block of results anew."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + BEGIN + block(results) + END + after


def block(results: Results) -> str:
    return "\n".join(
        [
            "",
            "### Killed at random",
            "",
            *_table("", [(name, _crash(results.crash[name])) for name in DATABASES]),
            "",
            "### A death at every point",
            "",
            *_table("", [(name, _exhaustive(results.exhaustive[name])) for name in DATABASES]),
            "",
            "### Does the proof bite?",
            "",
            "Each fault was put into a copy of the product on purpose; the run that saw it stands beside it.",
            "",
            *_bites(results.bites),
            "",
            f"The [fault matrix](../reference/fault-matrix.md) has {results.cells:,} cells, all of them as it says.",
            "",
            "",
        ]
    )


def _table(corner: str, columns: list[tuple[str, Mapping[str, str]]]) -> list[str]:
    lines = [f"| {corner} | {' | '.join(NAMES[name] for name, _ in columns)} |", "|---|" + "---|" * len(columns)]
    lines += [f"| {row} | {' | '.join(column[row] for _, column in columns)} |" for row in columns[0][1]]
    return lines


def _crash(run: Mapping[str, Any]) -> dict[str, str]:
    asked, accounting = run["requests"], run["accounting"]
    rows = {
        "Kills": f"{run['kills_in_all']:,} in {run['seconds'] / 60:.0f} minutes",
        "of servers, dispatchers, commands": _three(run["kills"]),
        "of the simulator, of PostgreSQL itself": f"{run['kills']['simulator']}, {run['kills'].get('postgresql', '–')}",
        "at fail points": str(sum(n for name, n in run["kills"].items() if name.startswith("fail point"))),
        "Put to sleep and woken": str(sum(run["put_to_sleep"].values())),
        "Faults of HubSpot meanwhile": str(sum(run["hubspot_faults"].values())),
        "Sign-ups, changes, deletions that were answered": str(
            sum(asked.get(f"{kind} {said}", 0) for kind in ("sign_up", "patch", "delete") for said in ("yes", "no"))
        ),
        "Those that nobody knows the answer of": str(
            sum(asked.get(f"{kind} unknown", 0) for kind in ("sign_up", "patch", "delete"))
        ),
        "Consenting people left = delivered + waiting + held + dead": " = ".join(
            (
                str(accounting["consenting"]),
                " + ".join(str(accounting[name]) for name in ("delivered", "waiting", "held", "dead")),
            )
        ),
        "Writes in HubSpot's ledger": f"{run['writes_in_the_ledger']:,}",
    }
    found = {kind.capitalize(): f"**{count}**" for kind, count in run["violations"].items()}
    command = f"`python -m bench.crash --database {run['settings']['database']} --kills {run['settings']['kills']}"
    return rows | found | {"Command, day": f"{command} --seed {run['settings']['seed']}`, {run['ended_at'][:10]}"}


def _three(kills: Mapping[str, int]) -> str:
    return ", ".join(str(kills.get(name, 0)) for name in ("server", "dispatcher", "command"))


def _exhaustive(run: Mapping[str, Any]) -> dict[str, str]:
    return {
        "Writes, commits, sends, named gaps": ", ".join(
            str(run[kind]) for kind in ("writes", "commits", "sends", "gaps")
        ),
        "Deaths": f"{run['deaths']:,} at {run['points']:,} points",
        "Violations": f"**{run['violations']}**",
        "Command, day": f"`python -m bench.crash.exhaustive --database {run['database']}`, {run['ended_at'][:10]}",
    }


def _bites(bites: Mapping[str, Any]) -> list[str]:
    lines = [f"| Fault | {' | '.join(NAMES[name] for name in DATABASES)} |", "|---|---|---|"]
    seen = {name: {each["mutation"]: each for each in bites[name]["mutations"]} for name in DATABASES}
    for mutation, each in seen[DATABASES[0]].items():
        told = [f"{seen[name][mutation]['run']}: {seen[name][mutation]['violations']}" for name in DATABASES]
        lines.append(f"| {each['broken']} | {' | '.join(told)} |")
    return lines


if __name__ == "__main__":
    main()
