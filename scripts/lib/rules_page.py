"""Makes the rows of docs/rules.md of the mutations that have their numbers, or tells which are not what those say.

    rules_page.py            writes them
    rules_page.py --check    shows how they differ

Where a row stands is the page's own business.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[1:1] = [str(ROOT / "abi"), str(ROOT / "tests" / "mutations")]

import generate  # noqa: E402
import mutate  # noqa: E402

RULES = "docs/rules.md"


def rule(path):
    """The number of a mutation's rule, and its row."""
    head, _ = mutate.read_mutation(path)
    number, text = re.fullmatch(r"(\d+) \((.*)\)", head["Rule"]).groups()
    case = f", `{head['Case']}`" if "Case" in head else ""
    return number, f"| {number} | {text} | `{head['Test']}`{case} | [`{path.name}`](../tests/mutations/{path.name}) |"


def rules(page):
    rows = dict(rule(path) for path in sorted((ROOT / "tests" / "mutations").glob("*.mutation")))
    lines = []
    for line in page.splitlines():
        number = re.match(r"\| (\d+) \|", line)
        if number and number[1] not in rows:
            sys.exit(f"{RULES} has a row for {number[1]}, of which there is no mutation, or the row twice")
        lines.append(rows.pop(number[1]) if number else line)
    if rows:
        sys.exit(f"{RULES} has no row for {', '.join(rows)}: put '| {next(iter(rows))} |' where it belongs")
    return "\n".join(lines) + "\n"


def files():
    return {RULES: rules(generate.text_of(RULES))}


if __name__ == "__main__":
    generate.main(__doc__, files())
