"""The codes of all diagnostics, by phase, each with its title."""

from __future__ import annotations

CODES: dict[str, str] = {
    "TN0001": "not done yet",
    "TN0002": "internal error",
    # 01: text and syntax
    "TN0101": "unexpected text",
    "TN0102": "unclosed bracket",
    "TN0103": "unclosed string",
    "TN0104": "not a character of the language",
    "TN0105": "not a text file",
    "TN0106": "empty spec",
    # 02: names
    "TN0201": "unknown name",
    "TN0202": "name given twice",
    "TN0203": "unknown layer or function",
    "TN0204": "unknown hyper-parameter or setting",
    "TN0205": "a step that is no layer or function",
    "TN0206": "a name that cannot be used here",
    # 03: values and arguments
    "TN0301": "wrong argument",
    "TN0302": "missing argument",
    "TN0303": "wrong type of value",
    "TN0304": "value not allowed",
    "TN0305": "compile-time error in an expression",
    # 04: shapes
    "TN0401": "shape that does not fit",
    "TN0402": "stated shape does not hold",
    "TN0403": "symbolic size where a number is needed",
    "TN0404": "rejected by PyTorch",
    "TN0405": "undecidable condition",
    "TN0406": "type that depends on the path",
    "TN0407": "wrong gradient",
    # 05: structure of a spec
    "TN0501": "misplaced statement",
    "TN0502": "no main net",
    "TN0503": "recursion",
    "TN0504": "wrong output",
    "TN0505": "Python code that is not allowed",
    "TN0506": "Python code that cannot be imported",
    # 06: parameter rules
    "TN0601": "selector matches nothing",
    "TN0602": "unknown property",
    "TN0603": "ambiguous selector",
    "TN0604": "rule that cannot apply",
    "TN0605": "wrong value of a property",
    "TN0606": "frozen layer with moving statistics",
    # 07: data
    "TN0701": "unknown data source or transform",
    "TN0702": "data that cannot be read",
    "TN0703": "data that does not fit the net",
    "TN0704": "wrong data setting",
    # 08: training
    "TN0801": "unknown training setting",
    "TN0802": "wrong training setting",
    "TN0803": "settings that contradict each other",
    # 09: limits and files
    "TN0901": "limit reached",
    "TN0902": "file that cannot be read or written",
    "TN0903": "no usable checkpoint",
    "TN0904": "not a number",
    "TN0905": "resumed run that has changed",
}
