"""Specs that ask for more than there is: each must end in a diagnostic, soon and in little memory."""

from __future__ import annotations

BODY = "net A(v: float[N, 8]) {{ {} }}\n"


def body(text: str) -> str:
    return BODY.format(text)


def many(piece: str, size: int = 2**20) -> str:
    return piece * (size // len(piece))


LIMITS: dict[str, str] = {
    # compile-time values
    "a long text": body('y = "a" * 10**9'),
    "a long list": body("y = [0] * 10**9"),
    "a list of lists": body("y = [[0] * 1000] * 10**6"),
    "lists that double": body("y = [1]; for i in range(64) { y = y + y }"),
    "texts that double": body('y = "ab"; for i in range(64) { y = y + y }'),
    "texts that double by interpolation": body('y = "ab"; for i in range(64) { y = "{y}{y}" }'),
    "lists in lists that double": body("y = [1]; for i in range(64) { y = [y, y] }; z = y == y"),
    "a tower of powers": body("y = 10**10**10"),
    "a large power": body("y = 2**10**9"),
    "a large product": body("y = 2; for i in range(100) { y = y * y }"),
    "a large float power": body("y = 10.0 ** 400"),
    "a long range": body("y = range(10**12)"),
    "a wide range": body("y = len(range(-10**18, 10**18))"),
    "a loop over a long range": body("for i in range(10**9) { relu }"),
    "loops in loops": body("for i in range(1000) { for j in range(1000) { for k in range(1000) { y = i } } }"),
    "a sum over a long range": body("y = sum(range(10**9))"),
    "a huge default": "hyper n = 10**10**10\n" + body("relu"),
    "definitions that double": "\n".join(f"def f{i}(a) = f{i - 1}(f{i - 1}(a))" for i in range(1, 40))
    + "\ndef f0(a) = a + 1\n"
    + body("y = f39(0)"),
    "constants that double": "c0 = [1]\n"
    + "\n".join(f"c{i} = c{i - 1} + c{i - 1}" for i in range(1, 64))
    + "\n"
    + body("y = c63"),
    "a rounding of infinity": body("y = int(inf)"),
    "a size of infinity": body("y = floor(1e308 * 10)"),
    # modules
    "a long repeat": body("repeat 10**9 { Linear(8) }"),
    "a long shared repeat": body("repeat 10**9 shared { Linear(8) }"),
    "repeats in repeats": body("repeat 1000 { repeat 1000 { repeat 1000 { Linear(8) } } }"),
    "a layer too large": body("Linear(10**11)"),
    "a convolution too large": "net A(v: float[N, 64, 8, 8]) { Conv2d(10**6, 10**3) }\n",
    "a parameter too large": body("parameter p: float[10**6, 10**6] = zeros"),
    "a size beyond 64 bits": body("parameter p: float[10**15, 10**15] = zeros"),
    "a buffer too large": body("buffer b: float[10**12] = zeros(10**12)"),
    "many large layers": body("for i in range(1000) { Linear(10**5) }"),
    "a library's deep layer": body("x = x.view(1, -1, 8); TransformerEncoder(TransformerEncoderLayer(2), 10**9)"),
    "a recurrent layer of many layers": "net A(v: float[N, 9, 8]) { y, _ = x -> LSTM(8, num_layers=10**7) }\n",
    "blocks that double": "\n".join(f"block B{i} {{ B{i - 1}; B{i - 1} }}" for i in range(1, 30))
    + "\nblock B0 { Linear(8) }\n"
    + body("B29"),
    "blocks in a long row": "\n".join(f"block B{i} {{ B{i - 1} }}" for i in range(1, 200))
    + "\nblock B0 { Linear(8) }\n"
    + body("B199"),
    # tensors
    "a tensor too large": body("y = zeros(10**12); return y"),
    "an arange too large": body("y = arange(10**13); return y"),
    "a pad too large": body("y = pad(x, [10**12, 10**12]); return y"),
    "a split into many": body("y = x.view(-1); z = arange(10**7).split(1); return x"),
    "an unbind into many": body("z = zeros(10**7).unbind(0); return x"),
    "meshes": body("a = meshgrid([zeros(1000)] * 6); return x"),
    "an einsum of many": body('y = einsum("' + "ab," * 5000 + 'ab->a", x, x); return y'),
    "an input too large": "net A(v: float[10**12, 10**12, 10**12]) { relu }\n",
    "a scattered index": body("y = x[" + "..., " * 100 + "0]; return y"),
    "a deep index": body("y = x" + "[0]" * 3000 + "; return y"),
    # text
    "endless digits": body("y = " + "9" * 100_000),
    "digits with lines": body("y = " + "1_" * 50_000 + "1"),
    "a megabyte of brackets": "y = " + many("("),
    "a megabyte of braces": many("{"),
    "a megabyte of lists": "y = " + many("[") + "\n",
    "a megabyte of closed brackets": "y = " + "(" * 2**18 + "1" + ")" * 2**18,
    "a megabyte of closing brackets": many(")"),
    "a megabyte of texts": "y = [" + many('"",', 2**20 - 20) + "]\n",
    "a megabyte of interpolations": 'y = "' + many("{1}", 2**20 - 20) + '"\n',
    "a megabyte of one step": body("a" * 500_000),
    "a megabyte of one name": body("y = " + "a" * 500_000),
    "a megabyte of one text": body('Linear("' + "a" * 500_000 + '")'),
    "a megabyte of one label": body('"' + "a b" * 200_000 + '": relu'),
    "a megabyte of one setting": body("relu") + "train { " + "a" * 500_000 + " = 1 }\n",
    "a megabyte of one number as a setting": body("relu") + 'train { epochs = "' + "9" * 500_000 + '" }\n',
    "a megabyte of a path of data": body("relu")
    + 'data { train = Table("'
    + "a/" * 250_000
    + 'b.csv", target="y") }\n',
    "a megabyte of minus": "y = " + "-" * 500_000 + "1\n",
    "a megabyte of not": "y = " + "not " * 200_000 + "true\n",
    "a megabyte of powers": "y = " + "1**" * 200_000 + "1\n",
    "a megabyte of conditions": "y = " + "1 if true else " * 60_000 + "1\n",
    "a megabyte of additions": "y = " + "1+" * 400_000 + "1\n",
    "a megabyte of attributes": "y = x" + ".a" * 400_000 + "\n",
    "a megabyte of comparisons": "y = " + "1 < " * 200_000 + "1\n",
    "thousands of chained methods": body("y = x" + ".abs()" * 5000 + "; return y"),
    "thousands of else": body("if false { relu }" + " else if false { relu }" * 5000),
    "deep groups": body("{ " * 500 + "relu" + " }" * 500),
    "deep calls": body("y = " + "abs(" * 500 + "x" + ")" * 500),
    "deep lists": body("y = " + "[" * 500 + "1" + "]" * 500),
    "deep maps": "y = " + "{1: " * 500 + "1" + "}" * 500 + "\n",
    "deep tuples of targets": body("(" * 500 + "a, b" + ", c)" * 500 + " = x"),
    "many bad lines": "} ) = \n" * 100_000,
    "a megabyte of blank lines": "\n" * 1_000_000,
    "a megabyte of comments": "# \n" * 300_000,
    "more than a megabyte": "# " + "a" * 2**21,
    "nothing": "",
    # rules and sections
    "a glob of stars": body("Linear(8)") + "parameters { " + "*" * 5000 + "a { lr = 1 } }\n",
    "a glob that backtracks": body("a: Linear(8)") + "parameters { " + "*a" * 2000 + "b { lr = 1 } }\n",
    "a split too long": "data { train = Digits(); split = [0.1] * 10**6 }\n",
    "settings of themselves": body("relu") + "train { epochs = batch; batch = epochs }\n",
}

BYTES: dict[str, bytes] = {
    "control characters": bytes(range(9)) + body("relu").encode(),
    "a control character in a label": b"net A(v: float[N, 8]) { a\x07b: relu }\n",
    "a terminal's escape in a text": b'net A(v: float[N, 8]) { Linear("\x1b[2J\x1b]0;owned\x07") }\n',
    "a terminal's escape in a name": b"net A(v: float[N, 8]) { \x1b[31mrelu }\n",
    "an escape of one byte": 'net A(v: float[N, 8]) { Linear("\x9b2J") }\n'.encode(),
    "marks that turn the line around": 'net A(v: float[N, 8]) { Linear("\u202e\u2066") }\n'.encode(),
    "a megabyte of zeros": bytes(2**20),
    "a megabyte of control characters": b"\x1b" * 2**20,
    "invalid utf-8": b"net A(v: float[N, 8]) { \xff\xfe }\n",
    "utf-8 cut short": b"net A(v: float[N, 8]) { relu }\n# \xe2\x82",
    "utf-8 longer than it need be": b"# \xc0\xaf\n",
    "half of a pair": b"# \xed\xa0\x80\n",
    "utf-16": "net A(v: float[N, 8]) { relu }\n".encode("utf-16"),
    "a megabyte of invalid utf-8": b"\xff" * 2**20,
}
"""Files that are no text, or hold what a terminal would obey."""
