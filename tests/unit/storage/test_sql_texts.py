"""No value ever becomes part of a statement's text: whatever is joined into one leads back to constants of ours.

Every f-string that holds SQL is followed: constants, what the dialect writes, and local names that were made of these.
What is handed in from elsewhere stands in REVIEWED.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent.parent.parent.parent / "src" / "doorward"
SQL = re.compile(r"\b(SELECT|INSERT INTO|UPDATE|DELETE FROM|WHERE|AND|ORDER BY|CREATE|ALTER|DROP|IN \()|= :")
MAKERS = frozenset({"placeholders", "_placeholders", "conditions_of", "_condition", "condition"})
"""These write texts themselves, which are looked at where they stand."""
REVIEWED = {
    ("flows/throttle_tally.py", "marks"),  # `:key0, :key1, …`
    ("flows/throttle_tally.py", "values"),  # `(:key0, :window, 1, :now), …`
    ("outbox/query.py", "', '.join((f':{name}' for name in names))"),  # `:state0, :state1, …`
    ("delivery/pauses.py", "scope"),  # `action` or `destination`, a Literal
    ("identities/rows.py", "table"),
    ("identities/rows.py", "order"),
    ("identities/rows.py", "marks"),  # of `placeholders`
    ("outbox/recent.py", "self._conditions"),  # of `conditions_of`
    ("storage/dialect.py", "column"),
    ("storage/dialect.py", "param"),
    ("storage/dialect.py", "kind"),
}
NOT_SQL = frozenset({"connectors/smtp/conversation.py"})

Scope = ast.FunctionDef | ast.AsyncFunctionDef | ast.Module


class Follower:
    """Tells of an expression whether nothing from outside is in it."""

    def __init__(self, file: str, scope: Scope) -> None:
        self._file = file
        self._scope = scope

    def is_ours(self, node: ast.expr) -> bool:
        if (self._file, ast.unparse(node)) in REVIEWED:
            return True
        match node:
            case ast.Constant(value=str() | None):
                return True
            case ast.JoinedStr(values=parts):
                return all(self.is_ours(part) for part in parts)
            case ast.FormattedValue(value=value):
                return self.is_ours(value)
            case ast.IfExp(body=one, orelse=other) | ast.BinOp(left=one, op=ast.Add(), right=other):
                return self.is_ours(one) and self.is_ours(other)
            case ast.List(elts=parts) | ast.Tuple(elts=parts):
                return all(self.is_ours(part) for part in parts)
            case ast.Call(func=func, args=arguments):
                return self._is_written_by_us(func, arguments)
        return self._is_known(node)

    def _is_written_by_us(self, func: ast.expr, arguments: list[ast.expr]) -> bool:
        match func:
            case ast.Attribute(value=ast.Constant(), attr="join"):
                return all(self.is_ours(each) for each in arguments)
            case ast.Attribute(value=value) if ast.unparse(value).split(".")[-1] == "dialect":
                return all(self.is_ours(each) for each in arguments)
        return ast.unparse(func).split(".")[-1] in MAKERS

    def _is_known(self, node: ast.expr) -> bool:
        text = ast.unparse(node)
        if re.fullmatch(r"[A-Z][A-Z_]*", text) or re.search(r"\bdialect\.\w+$", text):
            return True
        if isinstance(node, ast.GeneratorExp):
            return all(re.fullmatch(r"[A-Z_]+", ast.unparse(each.iter)) for each in node.generators)
        made = list(self._makings_of(text)) if isinstance(node, ast.Name) else []
        return bool(made) and all(self.is_ours(each) for each in made)

    def _makings_of(self, name: str) -> Iterator[ast.expr]:
        """Every expression that a local name is made of, added to, or runs over."""
        for node in ast.walk(self._scope):
            match node:
                case ast.Assign(targets=[target], value=value):
                    yield from _share(target, value, name)
                case ast.AugAssign(target=ast.Name(id=found), value=value) if found == name:
                    yield value
                case ast.For(target=target, iter=ast.Tuple(elts=rows)):
                    for row in rows:
                        yield from _share(target, row, name)
                case ast.Call(func=ast.Attribute(value=ast.Name(id=found), attr="append"), args=[value]) if (
                    found == name
                ):
                    yield value


def _share(target: ast.expr, value: ast.expr, name: str) -> Iterator[ast.expr]:
    """What of `value` goes to `name`; of a call that gives several things, the call."""
    if isinstance(target, ast.Name) and target.id == name:
        yield value
    elif isinstance(target, ast.Tuple):
        for index, each in enumerate(target.elts):
            if isinstance(each, ast.Name) and each.id == name:
                yield value.elts[index] if isinstance(value, ast.Tuple) else value


def statements_in(tree: ast.Module) -> Iterator[tuple[Scope, ast.JoinedStr]]:
    """f-strings that hold SQL, with the function that they stand in."""
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr) and SQL.search("".join(_constants(node))):
            around = [each for each in functions if each.lineno <= node.lineno <= (each.end_lineno or 0)]
            yield (around[-1] if around else tree), node


def _constants(node: ast.JoinedStr) -> Iterator[str]:
    return (part.value for part in node.values if isinstance(part, ast.Constant) and isinstance(part.value, str))


def foreign_in(file: str, text: str) -> list[str]:
    """Interpolated expressions that cannot be led back to us."""
    found = []
    for scope, statement in statements_in(ast.parse(text)):
        follower = Follower(file, scope)
        values = (part.value for part in statement.values if isinstance(part, ast.FormattedValue))
        found += [f"{file}:{statement.lineno}: {ast.unparse(each)}" for each in values if not follower.is_ours(each)]
    return found


def test_no_value_is_joined_into_a_statement() -> None:
    files = {str(path.relative_to(SOURCE)): path.read_text() for path in sorted(SOURCE.rglob("*.py"))}
    assert sum(len(list(statements_in(ast.parse(text)))) for text in files.values()) > 80
    assert not [each for file, text in files.items() if file not in NOT_SQL for each in foreign_in(file, text)]


@pytest.mark.parametrize(
    ("text", "is_found"),
    [
        ("def f(name):\n  return f'SELECT 1 FROM t WHERE name = {name}'", True),
        ("def f(name):\n  where = f' AND name = {name}'\n  return f'SELECT 1 FROM t WHERE {where}'", True),
        ("def f(name):\n  where = ''\n  where += name\n  return f'SELECT 1 FROM t WHERE {where}'", True),
        ("def f(rows):\n  w = ['a']\n  w.append(rows[0])\n  return f'SELECT 1 WHERE {str().join(w)}'", True),
        ("def f(tx, name):\n  return f'SELECT 1 FROM t WHERE {tx.dialect.one_of(name)}'", True),
        ("def f(tx):\n  mine = tx.dialect.one_of('id')\n  return f'SELECT 1 FROM t WHERE {mine}'", False),
        ("def f():\n  for t in ('a', 'b'):\n    yield f'DELETE FROM {t} WHERE id = :id'", False),
        ("A = 'x'\nB = f'SELECT {A} FROM t'", False),
    ],
)
def test_a_value_in_a_statement_would_be_found(text: str, is_found: bool) -> None:
    assert bool(foreign_in("some/file.py", text)) is is_found
