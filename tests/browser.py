"""What tests do in the browser of `conftest`: pages that listen to what they say and ask for, and pictures of them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

SCREENSHOTS = Path(os.environ.get("TNET_SCREENSHOTS", Path(__file__).parents[1] / "build" / "screenshots"))
"""Where tests leave what they saw."""


CONTRASTS = """() => {
  const numbers = colour => colour.match(/[\\d.]+/g).map(Number)
  const luminance = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map(c => c / 255).map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    return 0.2126 * x + 0.7152 * y + 0.0722 * z
  }
  const paper = element => {
    for (; element; element = element.parentElement) {
      const found = numbers(getComputedStyle(element).backgroundColor)
      if (found.length < 4 || found[3] > 0) return found
    }
    return [255, 255, 255]
  }
  let least = 21
  for (const element of document.querySelectorAll('body *')) {
    if (![...element.childNodes].some(n => n.nodeType == 3 && n.textContent.trim())) continue
    const style = getComputedStyle(element)
    const colour = numbers(element instanceof SVGElement ? style.fill : style.color)
    const [a, b] = [luminance(colour), luminance(paper(element))].sort((x, y) => y - x)
    if (!element.closest('title')) least = Math.min(least, (a + 0.05) / (b + 0.05))
  }
  return least
}"""
"""The least contrast of a text on what lies behind it (WCAG 2.1, 1.4.3)."""
OVERLAPS = """() => {
  const found = []
  for (const picture of document.querySelectorAll('svg')) {
    const frame = picture.getBoundingClientRect()
    const boxes = [...picture.querySelectorAll('text')].map(t => [t.textContent, t.getBoundingClientRect()])
    boxes.forEach(([text, box], i) => {
      if (box.left < frame.left - 1 || box.right > frame.right + 1 || box.bottom > frame.bottom + 1) found.push(text)
      for (const [other, it] of boxes.slice(i + 1)) {
        const wide = Math.min(box.right, it.right) - Math.max(box.left, it.left)
        const tall = Math.min(box.bottom, it.bottom) - Math.max(box.top, it.top)
        if (wide > 1 && tall > box.height * 0.35) found.push(`${text} | ${other}`)
      }
    })
  }
  return found
}"""
"""Texts of pictures that lie on others or beyond the picture."""


def open_page(browser: Any, address: str, scheme: str = "light") -> Any:
    """A page at an address. What its scripts print or raise is in its `.said`, what it asked a network for in
    `.asked`."""
    page = browser.new_context(color_scheme=scheme, viewport={"width": 1300, "height": 1000}).new_page()
    page.said, page.asked = [], []
    page.on("console", lambda message: page.said.append(message.text))
    page.on("pageerror", lambda problem: page.said.append(str(problem)))
    page.on("dialog", lambda dialog: (page.said.append(dialog.message), dialog.dismiss()))
    page.on("request", lambda request: page.asked.append(request.url))
    page.goto(address)
    return page


def screenshot(page: Any, name: str) -> Path:
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}.png")
    return SCREENSHOTS / f"{name}.png"


def as_hex(colour: str) -> str:
    """`rgb(1, 2, 3)` as `#010203`."""
    return "#" + "".join(f"{int(part):02x}" for part in colour[4:-1].split(","))
