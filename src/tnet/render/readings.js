"use strict";
// The values of curves at the pointer. A curve is a polyline with `data-values`, a place and a value for each of its
// points; those after a `.plot-area` are read together. All names are text of nodes that are made here.

const SVG = "http://www.w3.org/2000/svg";
const board = document.createElement("div");
board.className = "readings";
board.hidden = true;
document.body.append(board);

for (const picture of document.querySelectorAll("svg")) {
  const areas = [];
  for (const each of picture.querySelectorAll(".plot-area, [data-values]")) {
    if (each.matches(".plot-area")) areas.push({ box: boxOf(each), label: each.dataset.label, curves: new Map() });
    else add(areas.at(-1).curves, each);
  }
  if (!areas.length) continue;
  const marks = picture.appendChild(document.createElementNS(SVG, "g"));
  picture.addEventListener("pointermove", event => show(picture, areas, marks, event));
  picture.addEventListener("pointerdown", event => show(picture, areas, marks, event));
  picture.addEventListener("pointerleave", () => hide(marks));
}

function boxOf(area) {
  const [x, y, width, height] = ["x", "y", "width", "height"].map(name => area[name].baseVal.value);
  return { left: x, top: y, right: x + width, bottom: y + height };
}

function add(curves, line) {
  const values = line.dataset.values.split(" ").map(pair => pair.split(","));
  const points = [...line.points].map((point, i) => ({ x: point.x, y: point.y, place: values[i][0], value: values[i][1] }));
  const known = curves.get(line.dataset.name);
  if (known) known.points.push(...points);  // pieces of a curve with gaps
  else curves.set(line.dataset.name, { line, points });
}

function nearest(points, x) {
  return points.reduce((best, each) => Math.abs(each.x - x) < Math.abs(best.x - x) ? each : best);
}

function show(picture, areas, marks, event) {
  const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(picture.getScreenCTM().inverse());
  const area = areas.find(({ box }) =>
    at.x > box.left - 8 && at.x < box.right + 8 && at.y > box.top - 8 && at.y < box.bottom + 8);
  if (!area || !area.curves.size) return hide(marks);
  const read = [...area.curves].map(([name, curve]) => ({ name, line: curve.line, point: nearest(curve.points, at.x) }));
  const first = nearest(read.map(each => each.point), at.x);
  marks.replaceChildren(rule(first.x, area.box), ...read.map(each => dot(each)));
  board.replaceChildren(words("b", area.label.replace("{}", first.place)), ...read.map(each => row(each, first.place)));
  board.hidden = false;
  place(event);
}

function hide(marks) {
  marks.replaceChildren();
  board.hidden = true;
}

function place(event) {
  const { width, height } = board.getBoundingClientRect();
  const { clientWidth, clientHeight } = document.documentElement;
  const right = event.clientX + 16 + width < clientWidth;
  board.style.left = `${Math.max(4, right ? event.clientX + 16 : event.clientX - 16 - width)}px`;
  board.style.top = `${Math.max(4, Math.min(event.clientY + 16, clientHeight - height - 4))}px`;
}

function words(tag, text) {
  const found = document.createElement(tag);
  found.textContent = text;
  return found;
}

function row({ name, line, point }, place) {
  const found = document.createElement("div"), swatch = document.createElement("i");
  swatch.style.background = getComputedStyle(line).stroke;
  const elsewhere = point.place === place ? "" : ` (at ${point.place})`;
  found.append(swatch, words("span", name), words("b", point.value), words("small", elsewhere));
  return found;
}

function shape(name, attributes) {
  const found = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) found.setAttribute(key, value);
  return found;
}

function rule(x, { top, bottom }) {
  return shape("line", { x1: x, x2: x, y1: top, y2: bottom, class: "line-quiet", "stroke-dasharray": "2 3" });
}

function dot({ line, point }) {
  return shape("circle", { cx: point.x, cy: point.y, r: 3.5, fill: getComputedStyle(line).stroke });
}
