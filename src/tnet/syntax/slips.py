"""Help for slips that come from other languages: what was meant, and how it is written here."""

from __future__ import annotations

import re
import unicodedata

from ..diagnostics import did_you_mean
from ..source import Span

_LONGEST_BEFORE = 160
_DECLARATIONS = "hyper def from use block net autograd parameters data train".split()
_WORDS_FOR = {
    **dict.fromkeys(("training", "trainer", "recipe", "fit"), "train"),
    **dict.fromkeys(("dataset", "datasets", "dataloader"), "data"),
    **dict.fromkeys(("rules", "params", "parameter", "style"), "parameters"),
    **dict.fromkeys(("config", "hyperparameter", "hparam"), "hyper"),
}
_STATEMENTS = "for if else repeat return shape parameter buffer shared".split()

# Tried in order on the item up to the token that does not fit, `⟂`, and the rest of that line. Helps are templates of
# `re.Match.expand`.
_SLIPS = [
    (r"^⟂--", "a comment starts with `#`"),
    (r"^\w+\s*(?:⟂:\s*=|:\s*⟂=)", "a value gets its name by `=`"),
    (r"⟂:=|:\s*⟂=", "give the value its name on a line of its own: `n = 3`"),
    (r"⟂elif\b|(?:^|[}\s])elif\s*⟂", "write `else if`"),
    (r"^def\s*⟂?\s*(?:forward|__init__)\b", "the braces of a net hold its forward pass: write its steps there"),
    (r"^def\b.*⟂[:{]", "a `def` is one expression, `def half(v) = v // 2`; for steps write a `block`"),
    (r"^(?:if|for|else|repeat)\b.*[^:\s]\s*⟂:", "a body stands in braces: `{ … }`"),
    (r"^(?:if|for|else)\s*⟂:", "a body stands in braces; as a label take another name, this word is reserved"),
    (r"^while\s*⟂", "there is no `while`; write `for i in range(n) { … }` or `repeat n { … }`"),
    (r"^for\s*\(?\s*\w+\s*⟂=", "write `for i in range(n) { … }`"),
    (r"^(?:class|model|module|network)\s*⟂", "write `net Name(x: float[N, 8]) { … }` or `block Name { … }`"),
    (r"^(?:function|func|fn)\s*⟂", "write `def name(v) = …` for a value, `block Name { … }` for steps"),
    (r"^(?:let|var|const)\s*⟂", "write `name = value`"),
    (
        r"^(?:import|from)\s*⟂(?:torch|torchvision|numpy|math|einops)\b",
        "leave it out: the layers and functions of PyTorch, torchvision and einops are known by name",
    ),
    (r"^import\s*⟂", 'write `use package.module: Name` for Python, `from "blocks.tnet" import Name` for a spec'),
    (r"^from\s*⟂[A-Za-z]", 'a spec is named by its path, `from "blocks.tnet" import Name`; for Python write `use`'),
    (r"^assert\s*⟂", "sizes are stated by `shape [N, 64, 7, 7]`; nothing else needs a test"),
    (r"^(?:del|global|nonlocal)\s*⟂", "leave it out: a name lives as long as its body"),
    (r"^with\s*⟂", "there is no `with`; `detach()` stops gradients, precision and devices are for `train` to say"),
    (r"⟂(?:except|finally|catch)\b", "there are no exceptions: what can go wrong is found before the model runs"),
    (r"^(?:raise|throw|yield|await|async)\s*⟂", "a body has steps and values only"),
    (r"^(?:switch|match|case)\s*⟂", "write `if … { … } else if … { … } else { … }`"),
    (r"^param(?:s|eter)?\s*⟂\{", "the section is called `parameters`"),
    (
        r"^self\.(?P<name>\w+)\s*⟂=\s*(?:\w+\.)*(?P<layer>[A-Z]\w*)",
        r"there is no `self`; a label makes a submodule and applies it: `\g<name>: \g<layer>(…)`",
    ),
    (r"self\s*⟂|self\.\w+\s*⟂", "there is no `self`: `conv1: Conv2d(64, 3)` makes a submodule and applies it"),
    (r"[(,]\s*⟂\*", "arguments cannot be unpacked; write them one by one"),
    (r"[\[({][^⟂]*\S\s*⟂for\b", "there are no comprehensions; grow a list in a `for`: `ys += [y]`"),
    (r"\b[fFrRbB]\s*⟂\"", 'write the string alone, without a letter before it: `"layer{i}"`'),
    (r"\"\"\s*⟂\"", 'a string stands on one line, between one `"` and the next'),
    (r"^\w+\s*⟂//=|^\w+\s*⟂(?:\*\*|%|@|&|\|)=", "write it in full: `x = x // 2`"),
    (r"⟂//|⟂/\*", "a comment starts with `#`"),
    (r"^(?:repeat|for|if|else|return)\s*⟂[=:.]", "this word is reserved at the start of a statement; take another"),
    (r"\brepeat\s*\([^)]*\)\s*⟂", "to call the method write `x = x.repeat(…)`; a group is `repeat 3 { … }`"),
    (r"^\w+\s*=\s*repeat\s*⟂", "a group has its name as a label: `layer1: repeat 3 { … }`"),
    (r"^\w+\s*=\s*\{[^⟂]*⟂", "a group has its name as a label: `stem: { … }`"),
    (r"^hyper\s+\w+\s*⟂:", "a hyper-parameter has a value and no type: `hyper lr = 1e-3`"),
    (r"⟂(?::\w+|\*[\w.*]*)(?:\s+[\w:.*]+)*\s*[{,]", "rules with selectors stand in `parameters { … }`"),
    (r"⟂\.\d", "write a digit before the point: `0.5`"),
    (r"\b0\s*⟂[xXbBoO]", "numbers are decimal"),
    (r"\d\s*⟂[kKmMgG]\b", "write the number in full; `_` may group its digits: `10_000`"),
    (r"=\s*\d+\s*⟂,\s*\d", "the decimal point is `.`; several values stand in parentheses"),
    (r"<\s*⟂>", "write `!=`"),
    (r"⟂[=|>]\s*>|[|>=-]\s*⟂>|⟂-\s+>|^\w[\w.]*(?:\([^⟂]*\))?\s*⟂\|(?!\|)", "a step is applied by `->`"),
    (r"[=!]=\s*⟂=", "equality is `==`, and `!=`"),
    (r"&\s*⟂&", "write `and`"),
    (r"\|\s*⟂\|", "write `or`"),
    (r"\+\s*⟂\+|-\s*⟂-|⟂\+\s*\+|⟂-\s*-", "write `x += 1`"),
    (r"^\w+\s*=[^=].*⟂=[^=]", "a statement has one `=`"),
    (r"^return\s*⟂$", "say what to return, as in `return x`"),
    (r"^if\b[^=]*[^=!<>]⟂=[^=]", "comparing is `==`"),
    (r"^repeat\s[^{⟂]*⟂(?:\w|$)", "write `repeat 3 { … }`, or `repeat 3 as i { … }` to number the copies"),
    (r"^for\b[^⟂]*⟂(?:as|to)\b", "write `for i in range(n) { … }`"),
    (r"\bis\s*⟂|⟂is\b|⟂in\b|⟂not\s+in\b", "comparing is `==` or `!=`; there is no `is` or `in` in a value"),
    (r"⟂lambda\b|\blambda\s*⟂", "write a `def`: `def name(v) = …`"),
    (r"^\w+\([^⟂]*\)\s*⟂[.\[]", "a statement is a step or an assignment; write `x = …`"),
    (r"^(?:hyper|def|block|net|autograd|use|from)\s*⟂[\w\"]", "this is a declaration; it stands outside of all braces"),
    (
        r"^net\b.*:\s*[A-Za-z]\w*\s*⟂[),(=]",
        "a type has sizes: `float[N, 3, 32, 32]`, `float[]` for one number",
    ),
    (r"^net\b.*->\s*⟂[(\[]", "several outputs stand side by side: `-> logits: float[N, 10], score: float[N]`"),
    (r"^net\b.*->\s*\w+\s*⟂", "after `->` stands the type of the output, `float[N, 10]`, then the body in braces"),
    (r"^net\b.*\)\s*⟂:", "the type of the output follows `->`"),
    (r"^net\b.*\)\s*⟂\w", "outputs follow `->`: `net Name(x: float[N, 8]) -> y: float[N, 2] { … }`"),
    (r"^(?:net|block|train|data|parameters)\b[^{]*⟂:?\s*$", "a body stands in braces: `{ … }`"),
    (r"backward\s*⟂\{", "the gradient that it is given has a name: `backward(grad) { … }`"),
    (r"^use\s+[\w.]+\s*⟂$", "name what is used: `use mypkg.layers: Swish`"),
    (r"\bimport\s*⟂\*", "name what is imported: `import Basic, SE`"),
    (r"^hyper\s+\w+\s*⟂(?:\s*$|\s*in\b)", "a hyper-parameter has a value: `hyper lr = 1e-3`"),
    (r"\bin\s*\{[^⟂}]*⟂[,}]", "the values allowed stand in a list: `in [18, 34]`"),
    (r"\([^()⟂]*,\s*⟂\)", "a tuple has two values at least; a list of one is `[0.5]`"),
    (r"[(,]\s*\w+\s*⟂:", "a keyword argument is written `name=value`"),
    (r"^[A-Z]\w*\s*⟂[\d\"\[]", "arguments stand in parentheses: `Conv2d(64, 3)`"),
    (r"^net\s+\w+\s*(?:\(\s*(?:\w+\s*)?)?⟂[{,)=]", "a net has inputs with types: `net Name(x: float[N, 8]) { … }`"),
    (r"^\(", "start with a name: `x = (q, k) -> step`"),
]

# The same for the items of one section or of a body.
_SLIPS_IN = {
    "parameters": [
        (r"^⟂\"", "a selector stands without quotes: `head`, `layer?.weight`"),
        (r"^\*\s+⟂\.", "a path has no blanks: `*.bias`"),
        (r"\{[^⟂}]*⟂,|^\w+\s*=[^⟂]*⟂,", "properties stand on lines of their own, or between `;`"),
        (r"^(?:init|freeze|lr|\w*decay)\s*⟂:", "a property is written `name = value`"),
        (
            r"^(?P<path>[\w.*?]+)\.(?P<name>weight|bias)\s*⟂=\s*(?P<value>[\w.]+)",
            r"properties have names, in braces: `\g<path>.\g<name> { init = \g<value> }`",
        ),
        (r"^[\w.*?]+\.(?P<option>\w+)\s*⟂=", "a rule has a selector and properties: `head { lr = 0.1 }`"),
        (r"^\w+\s*⟂=", "rules have a selector, `head { lr = 0.1 }`; settings stand in `train` or `data`"),
        (r"^(?!if\b)[^⟂]*⟂=", "the properties of a rule stand in braces: `head { lr = 0.1 }`"),
    ],
    "train": [
        (r"^[\w.:*?\s]+⟂\{", "rules with selectors stand in `parameters { … }`"),
        (r"^[\w.]+\s*⟂:", "a setting is written `name = value`"),
    ],
    "data": [
        (r"^[\w.]+\s*⟂\{|^\w+\s*=\s*\{[^⟂]*⟂", "a pipeline has its name as a label: `augment: { … }`"),
        (r"^[\w.]+\s*:\s*⟂", "a setting is written `name = value`"),
    ],
}
_SLIPS_IN_BODY = [
    (r"^(?P<label>[a-z]\w*)\s+⟂(?P<step>[A-Z]\w*)", r"a label is followed by `:`: `\g<label>: \g<step>(…)`"),
    (r"^\w+\([^⟂]*\)\s*⟂,", "steps stand on lines of their own, or follow each other by `->`"),
    (
        r"^\w+\s*:\s*[\w.]*(?:\([^⟂]*\))?\s*⟂[-+*/%@\d.\[(\"]",
        "a value gets its name by `=`: `y = x + 1`",
    ),
    (r"[\w)\]]\s+⟂[A-Za-z_]", "steps follow each other by `->`: `x -> Conv2d(8, 1) -> relu`"),
]

_CHARACTERS = {
    "!": "write `not`, or `!=`",
    "?": "choose with `a if condition else b`",
    "$": "names are letters, digits and `_`",
    "`": 'strings stand in double quotes, `"…"`',
    "\\": "inside brackets a line may break anywhere; no `\\` is needed",
    "^": "a power is `**`",
    "“": 'strings stand in straight quotes, `"…"`',
    "”": 'strings stand in straight quotes, `"…"`',
    "‘": 'strings stand in straight double quotes, `"…"`',
    "’": 'strings stand in straight double quotes, `"…"`',
    "→": "write `->`",
    "×": "write `*`",
    "−": "write `-`",
    "\u00a0": "this is a no-break space; write a plain one",
}


def help_for(unfit: Span, start: int, section: str) -> str | None:
    """How to mend text that does not fit, in the item from offset `start` of a declaration that begins with the word
    `section`; None for what is no common slip.
    """
    return _first(_SLIPS_IN.get(section, []) + _SLIPS, unfit, start)


def step_help(unfit: Span, start: int) -> str | None:
    """How to mend a statement of a body that is no other slip: a missing `->`, a label for a value."""
    return _first(_SLIPS_IN_BODY, unfit, start)


def _first(slips: list[tuple[str, str]], unfit: Span, start: int) -> str | None:
    """The help of the first slip that the text around what does not fit matches; `re` keeps the compiled patterns."""
    text = unfit.source.text
    before = text[max(start, unfit.start - _LONGEST_BEFORE) : unfit.start]
    line_end = text.find("\n", unfit.start)
    subject = f"{before}⟂{text[unfit.start : line_end if line_end >= 0 else len(text)][:80]}"
    matches = ((re.search(pattern, subject), help) for pattern, help in slips)
    return next((match.expand(help) for match, help in matches if match), None)


def keyword_help(word: str, between_declarations: bool) -> str | None:
    """How to mend an item that starts with a word that may be a misspelt keyword."""
    if not between_declarations:
        return did_you_mean(word, _STATEMENTS)
    meant = did_you_mean(_WORDS_FOR.get(word, word), _DECLARATIONS)
    return meant or "here a declaration stands; steps belong in the braces of a net or block"


def character_help(text: str) -> str | None:
    """How to write what an unknown character was meant for."""
    if text[0].isalpha():
        return "names are plain letters, digits and `_`; other text stands in strings and comments"
    if unicodedata.category(text[0]) in ("Cf", "Cc"):
        return "it cannot be seen; take it away"
    return _CHARACTERS.get(text[0])
