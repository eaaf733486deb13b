"""A hyper-parameter, constant, `def`, block or import that nothing uses.

Most often the use is what is missing: `hyper lr = 0.1` is declared, and the optimizer has a number of its own, so that
`tnet train spec.tnet lr=0.01` changes nothing. Reported only in specs with a main net: others are there to be imported
from.

Use the name, or remove the declaration.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from ..diagnostics import Diagnostic, warning
from ..syntax import ast, used_names
from .context import Context
from .registry import lint

CODE = "TN1010"

WRONG = """\
hyper lr = 1e-3

net Small(v: float[N, 8]) -> float[N, 2] {
  Linear(2)
}

train {
  epochs    = 5
  batch     = 16
  loss      = CrossEntropyLoss()
  optimizer = Adam(lr=0.01)
}
"""

RIGHT = """\
hyper lr = 1e-3

net Small(v: float[N, 8]) -> float[N, 2] {
  Linear(2)
}

train {
  epochs    = 5
  batch     = 16
  loss      = CrossEntropyLoss()
  optimizer = Adam(lr=lr)
}
"""

WORDS = {
    ast.Hyper: "hyper-parameter",
    ast.Constant: "constant",
    ast.Def: "definition",
    ast.Block: "block",
    ast.Autograd: "function",
}


@lint(CODE)
def check(context: Context) -> Iterator[Diagnostic]:
    if context.program.main is None:
        return
    used = Counter(name for each in context.tree.declarations for name in used_names(each))
    for word, name, own in _declared(context.tree):
        if used[name.text] == own.count(name.text):
            yield warning(CODE, f"the {word} `{name.text}` is never used", name.span, help="use it, or remove it")


def _declared(tree: ast.Tree) -> Iterator[tuple[str, ast.Name, list[str]]]:
    """What each declaration is, its name, and the names that it uses itself."""
    for each in tree.declarations:
        if type(each) in WORDS:
            yield WORDS[type(each)], each.name, list(used_names(each))
        elif isinstance(each, ast.FromImport | ast.Use):
            for name in each.names:
                yield "import", name.alias or name.name, []
