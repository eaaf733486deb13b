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
    # 05: structure of a spec
    "TN0501": "misplaced statement",
    "TN0502": "no main net",
    "TN0503": "recursion",
    "TN0504": "wrong output",
    # 06: parameter rules
    "TN0601": "selector matches nothing",
    "TN0602": "unknown property",
    "TN0603": "ambiguous selector",
    "TN0604": "rule that cannot apply",
    "TN0605": "wrong value of a property",
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
    # 10: lints
    "TN1001": "softmax or sigmoid before a loss that has it inside",
    "TN1002": "raw scores for a loss of probabilities",
    "TN1003": "dropout right before batch normalisation",
    "TN1004": "bias before batch normalisation",
    "TN1005": "linear layer that is most of the model",
    "TN1006": "recurrent layer over a long sequence",
    "TN1007": "batch norm trained with one sample",
    "TN1008": "frozen parameters whose norm layers still update",
    "TN1009": "weight decay on norms and biases",
    "TN1010": "unused declaration",
    "TN1011": "unused value",
    "TN1012": "unused result",
    "TN1013": "rule hidden by later ones",
    "TN1014": "sigmoid in a hidden layer",
    "TN1015": "in place where the value is needed",
    "TN1016": "SGD on inputs that are not normalised",
    "TN1017": "a column against a row in a loss",
    "TN1018": "class numbers as targets of binary cross entropy",
    "TN1019": "batch taken as the sequence",
    "TN1020": "size given that is read off the input",
    "TN1021": "softmax without a dim",
    "TN1022": "class or category that matches nothing",
    "TN1023": "comment that allows nothing",
}
