"""The page of a net in a real browser: what it shows, how it answers, and that text of a spec stays text."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

import tnet
from tests.browser import as_hex, open_page, screenshot
from tnet.cli.main import main
from tnet.opening import read
from tnet.render.flow import flow
from tnet.render.graph import Graph
from tnet.render.style import contrast

SPECS = Path(__file__).parents[2] / "specs"

TRICKY = """
# </script><script>alert("comment")</script> é 😀
hyper note = "<img src=x onerror=alert('hyper')>"
block Odd(words="</script><script>alert('block')</script>")() {
  inner: { Linear(2); relu }
  rearrange("b c -> b c")
}
net A(v: float[N, 2]) -> float[N, 2] {
  odd: Odd(words=note + "<script>alert('argument')</script>")
  Odd
}
parameters { odd.inner { freeze = true } }
"""

NETS = {
    "unet": lambda: tnet.load(SPECS / "unet.tnet"),
    "gpt": lambda: tnet.load(SPECS / "gpt.tnet"),
    "vae": lambda: tnet.load(SPECS / "vae.tnet"),
    "gan": lambda: tnet.load(SPECS / "gan.tnet"),
    "siamese": lambda: tnet.load(SPECS / "siamese.tnet"),
    "resnet": lambda: tnet.load(SPECS / "resnet.tnet", depth=18),
    "tricky": lambda: tnet.loads(TRICKY, name="<script>alert('file')<script>.tnet"),
}

GEOMETRY = """() => {
  const place = (each) => { const r = each.getBoundingClientRect(); return [r.left, r.top, r.right, r.bottom]; };
  const texts = (group) => [...group.querySelectorAll(':scope > text')].map(place);
  const boxes = [...document.querySelectorAll('#graph .box, #graph .cluster')].map((group) => ({
    id: group.dataset.id, block: group.classList.contains('cluster'), place: place(group.querySelector('rect')),
    texts: texts(group),
  }));
  return {boxes, shapes: [...document.querySelectorAll('#graph text.shape')].map(place)};
}"""

COLOURS = """() => {
  const fill = (each) => getComputedStyle(each).fill;
  const paper = getComputedStyle(document.body).backgroundColor;
  const pairs = [];
  for (const group of document.querySelectorAll('#graph .box, #graph .cluster')) {
    for (const text of group.querySelectorAll(':scope > text, tspan')) {
      pairs.push([fill(text), fill(group.querySelector('rect')), group.getAttribute('class')]);
    }
  }
  for (const text of document.querySelectorAll('text.shape')) {
    pairs.push([fill(text), paper, 'shape']);
    for (const block of document.querySelectorAll('.cluster rect')) pairs.push([fill(text), fill(block), 'shape']);
  }
  for (const text of document.querySelectorAll('header *, aside *, #card *')) {
    if (text.textContent) pairs.push([getComputedStyle(text).color, paper, text.tagName]);
  }
  pairs.push([getComputedStyle(document.getElementById('search'), '::placeholder').color, paper, 'placeholder']);
  for (const text of document.querySelectorAll('.piece')) {
    text.classList.add('lit');
    pairs.push([getComputedStyle(text).color, getComputedStyle(text).backgroundColor, text.className]);
  }
  return pairs;
}"""


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> Any:
    """The file of each net's page, written once."""
    folder = tmp_path_factory.mktemp("pages")

    def file(name: str) -> Path:
        path = folder / f"{name}.html"
        if not path.exists():
            path.write_text(NETS[name]().graph().html(), encoding="utf-8")
        return path

    return file


@pytest.fixture
def shown(browser, files) -> Iterator[Any]:
    """`shown(name, scheme)`: the open page of a net."""
    pages = []

    def show(name: str, scheme: str = "light") -> Any:
        pages.append(open_page(browser, files(name).as_uri(), scheme))
        return pages[-1]

    yield show
    for page in pages:
        assert page.said == []
        assert all(address.startswith("file:") for address in page.asked)
        page.context.close()


def apart(one: list[float], other: list[float]) -> bool:
    return one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]


def within(inner: list[float], outer: list[float], slack: float = 0.5) -> bool:
    return (
        inner[0] >= outer[0] - slack and inner[1] >= outer[1] - slack
        and inner[2] <= outer[2] + slack and inner[3] <= outer[3] + slack
    )  # fmt: skip


@pytest.mark.parametrize("opened", ["at first", "all", "none"])
@pytest.mark.parametrize("name", NETS)
def test_nothing_overlaps_and_nothing_is_clipped(shown, name, opened):
    page = shown(name)
    if opened != "at first":
        page.keyboard.press("e" if opened == "all" else "c")
    found = page.evaluate(GEOMETRY)
    for box in found["boxes"]:
        assert all(within(text, box["place"]) for text in box["texts"]), box["id"]
    for one, other in combinations(found["boxes"], 2):
        nested = any(
            outer["block"] and within(inner["place"], outer["place"]) for inner, outer in ((one, other), (other, one))
        )
        assert nested or apart(one["place"], other["place"]), (one["id"], other["id"])
    titles = [text for box in found["boxes"] if box["block"] for text in box["texts"]]
    solid = [box["place"] for box in found["boxes"] if not box["block"]]
    for shape in found["shapes"]:
        assert all(apart(shape, each) for each in [*titles, *solid])
        blocks = [box["place"] for box in found["boxes"] if box["block"]]
        assert all(within(shape, each) or apart(shape, each) for each in blocks)
    assert all(apart(*pair) for pair in combinations(found["shapes"], 2))


@pytest.mark.parametrize("name", ["unet", "gpt", "resnet"])
def test_the_trunk_is_straight(shown, name):
    page = shown(name)
    page.keyboard.press("e")
    boxes = {box["id"]: box for box in page.evaluate(GEOMETRY)["boxes"]}
    net = NETS[name]().net
    ends = [vertex.id for vertex in flow(net).root.vertices() if vertex.kind in ("input", "output")]
    first, last = (boxes[id]["place"] for id in ends)
    assert (first[0] + first[2]) / 2 == pytest.approx((last[0] + last[2]) / 2, abs=0.5)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast(shown, scheme):
    page = shown("gpt", scheme)
    page.keyboard.press("e")
    page.locator("[data-id='embed'] rect").hover()
    screenshot(page, f"page-{scheme}")
    pairs = page.evaluate(COLOURS)
    assert len({text for text, _, where in pairs if "piece" in where}) == 7  # six kinds of words, and the rest
    for text, fill, where in pairs:
        assert contrast(as_hex(text), as_hex(fill)) >= 4.5, (text, fill, where)


@pytest.mark.parametrize("width", [1280, 800])
def test_the_summary_is_not_cut_off(shown, width):
    page = shown("resnet")
    page.set_viewport_size({"width": width, "height": 900})
    for name in ("summary", "spec"):
        room = page.evaluate(f"[document.getElementById('{name}')].map((it) => [it.scrollWidth, it.clientWidth])[0]")
        assert room[0] <= room[1]
    last = page.locator("#summary tr", has_text="downsample").last.locator("td").last
    last.scroll_into_view_if_needed()
    box = last.bounding_box()
    assert last.inner_text() and box["x"] + box["width"] <= width
    screenshot(page, f"page-summary-{width}")


def test_words_of_the_spec_are_told_apart(shown):
    page = shown("gpt")
    said = {
        kind: page.locator(f"#spec .{kind}").all_inner_texts() for kind in ("comment", "keyword", "label", "number")
    }
    assert said["comment"] == ["# A small GPT over bytes."] and {"block", "repeat", "true"} <= set(said["keyword"])
    assert "train" in said["keyword"] and "shape" not in said["keyword"]  # `x.shape` is no keyword
    assert {"qkv", ":bias"} <= set(said["label"]) and {"0.02", "1e-3"} <= set(said["number"])
    text = page.eval_on_selector_all("#spec .piece", "pieces => pieces.map((piece) => piece.textContent).join('')")
    assert text == (SPECS / "gpt.tnet").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", sorted(path.stem for path in SPECS.glob("*.tnet")))
def test_each_page_of_the_gallery_is_one_small_file(name):
    program = tnet.Spec(read(SPECS / f"{name}.tnet")).program
    for net in program.nets.values():
        text = Graph(net).html()
        assert len(text.encode()) < 2**20 and "://" not in text.replace("http://www.w3.org/2000/svg", "")


def test_every_operation_is_there_once_unfolded(shown):
    page = shown("resnet")
    page.keyboard.press("e")
    ids = page.eval_on_selector_all("#graph .box", "boxes => boxes.map((box) => box.dataset.id)")
    assert sorted(ids) == sorted(vertex.id for vertex in flow(NETS["resnet"]().net).root.vertices())


def test_blocks_fold_and_unfold(shown):
    page = shown("resnet")
    page.keyboard.press("c")
    folded = page.locator("#graph .box").count()
    page.locator("[data-id='in layer2']").click()
    assert page.locator("#graph .cluster").get_attribute("data-id") == "in layer2"
    assert page.locator("#graph .box").count() == folded + 1  # its two blocks in place of it
    page.locator("[data-id='in layer2'] text").first.click(force=True)
    page.locator("[data-id='in layer2'] rect").first.click(position={"x": 5, "y": 5})
    assert page.locator("#graph .cluster").count() in (0, 1)


def test_pointing_at_a_box_lights_its_step_and_tells_of_it(shown):
    page = shown("gpt")
    page.locator("[data-id='layers.0.norm1'] rect").hover()
    assert lit(page) == "LayerNorm"
    told = page.locator("#card").inner_text()
    for words in ("layers.0.norm1", "[N, T, 128]", "256", "gpt.tnet:18", "weight_decay = 0", ":vector", "gpt.tnet:35"):
        assert words in told
    page.locator("[data-id='in layers.0.attn'] rect").hover()  # a folded block
    assert lit(page) == "Attention"


def lit(page: Any) -> str:
    """The text of the spec that is lit."""
    return "".join(page.eval_on_selector_all("#spec .lit", "pieces => pieces.map((piece) => piece.textContent)"))


def test_pointing_at_the_spec_lights_its_boxes(shown):
    page = shown("gpt")
    page.keyboard.press("e")
    proj = page.locator("#spec .label", has_text="proj")  # of a step
    proj.hover()
    found = page.eval_on_selector_all("#graph .box.lit", "boxes => boxes.map((box) => box.dataset.id)")
    assert found == [f"layers.{number}.attn.proj" for number in range(4)]
    page.keyboard.press("c")
    page.locator("#spec .line", has_text="head: Linear(256, bias").locator(".kind").hover()
    assert page.locator("#graph .box.lit").get_attribute("data-id") == "head"
    proj.hover()
    assert page.locator("#graph .box.lit").get_attribute("data-id") == "in layers"  # where they are folded


def test_search_unfolds_and_goes_to_what_it_finds(shown):
    page = shown("gpt")
    page.keyboard.press("c")
    page.keyboard.press("/")
    page.keyboard.type("linear proj")
    assert page.locator("#count").inner_text() == "4 found"
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    assert page.locator("#count").inner_text() == "2 of 4"
    assert page.locator("[data-id='layers.1.attn.proj']").is_visible()
    assert "layers.1.attn.proj" in page.locator("#card").inner_text()
    page.keyboard.press("Escape")
    assert page.locator("#search").input_value() == "" and page.locator("#graph.searching").count() == 0


def test_keys_go_through_the_net_and_fold(shown):
    page = shown("gpt")
    page.keyboard.press("c")
    for _ in range(6):
        page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.dataset.id") == "in layers"
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.dataset.id") == "in layers.0"
    page.keyboard.press("Enter")
    assert page.locator("[data-id='in layers.0']").get_attribute("aria-expanded") == "true"
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    assert page.locator("[data-id='in layers']").get_attribute("aria-expanded") == "false"


def test_zoom_and_pan(shown):
    page = shown("gpt")

    def box() -> dict:
        return page.locator("[data-id='embed'] rect").bounding_box()

    before = box()
    page.keyboard.press("+")
    assert box()["width"] == pytest.approx(1.25 * before["width"], rel=0.01)
    before = box()
    page.mouse.move(60, 700)
    page.mouse.down()
    page.mouse.move(160, 730, steps=3)
    page.mouse.up()
    assert (box()["x"] - before["x"], box()["y"] - before["y"]) == pytest.approx((100, 30), abs=1)
    before = box()
    page.mouse.wheel(0, 50)
    page.wait_for_timeout(50)
    assert box()["y"] == pytest.approx(before["y"] - 50, abs=1)


def test_text_of_a_spec_is_shown_and_never_run(shown):
    """Nothing in a comment, a string, an argument or a file's name becomes an element or a script."""
    page = shown("tricky")
    page.keyboard.press("e")
    seen = page.locator("#graph").text_content()
    assert (
        "<script>alert('argument')</script>" in seen.replace(" ", "").replace("\u00a0", "")
        or "alert('argument')" in seen
    )
    assert '</script><script>alert("comment")</script> é 😀' in page.locator("#spec").text_content()
    page.locator("[data-id='odd.inner.0'] rect").hover()
    assert "<script>alert('file')<script>.tnet" in page.locator("#card").inner_text()
    assert lit(page) == "Linear(2)"  # places count characters, also after one outside of UTF-16's first plane
    assert page.locator("script").count() == 2 and page.locator("img").count() == 0
    screenshot(page, "page-escaped")


def test_a_script_that_got_in_would_not_run(shown, files, browser, tmp_path):
    """The page's own policy refuses it."""
    text = files("tricky").read_text(encoding="utf-8")
    page = open_page(browser, "about:blank")
    (tmp_path / "broken.html").write_text(text.replace("</body>", "<script>document.title = 'run'</script></body>"))
    page.goto((tmp_path / "broken.html").as_uri())
    assert page.title() == "A" and "Content Security Policy" in page.said[0]
    page.context.close()


def test_the_file_is_one_and_small(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["build", str(SPECS / "resnet.tnet"), "depth=152", "-o", "page.html"]) == 0
    text = Path("page.html").read_text(encoding="utf-8")
    assert len(text.encode()) < 2**20
    assert "://" not in text.replace("http://www.w3.org/2000/svg", "")


def test_depth_says_how_much_is_open(browser, tmp_path):
    path = tmp_path / "page.html"
    for depth, found in ((0, 0), (1, 1), (2, 5)):
        path.write_text(NETS["gpt"]().graph(depth=depth).html(), encoding="utf-8")
        page = open_page(browser, path.as_uri())
        assert page.locator("#graph .cluster").count() == found
        page.context.close()


def test_a_net_of_many_operations_stays_small(tmp_path):
    text = "block B() { Linear(2); relu; tanh }\nnet A(v: float[N, 2]) { a: repeat 800 { B } }\n"
    page = tnet.loads(text).graph().html()
    assert len(page.encode()) < 2**20 and "3 operations" in page
