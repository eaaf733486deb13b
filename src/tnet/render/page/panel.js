// Beside the picture: the spec with what is pointed at lit, the card of an item, the table of layers, the search.
"use strict";

const $ = (id) => document.getElementById(id);

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

class Spec {
  constructor(root, told) {
    this.root = root;
    this.told = told;  // hover(items)
    root.addEventListener("mouseover", (event) => this.point(event.target));
    root.addEventListener("mouseleave", () => told.hover([]));
    root.addEventListener("click", (event) => this.point(event.target, true));
  }

  // Cuts the text at the ends of all steps, so that each can be lit.
  show(sources, items) {
    this.byPlace = new Map();
    for (const item of items) {
      if (item.at) {
        const key = item.at.join(" ");
        this.byPlace.set(key, [...(this.byPlace.get(key) ?? []), item]);
      }
    }
    this.places = [...this.byPlace.keys()].map((key) => key.split(" ").map(Number));
    this.pieces = [];
    this.root.replaceChildren(...sources.flatMap((source, number) => this.file(source, number, sources.length > 1)));
  }

  file({name, text, marks}, number, several) {
    const letters = Array.from(text);  // places count characters, not the halves of UTF-16
    const cuts = new Set([0, letters.length, ...marks.flatMap(([start, end]) => [start, end])]);
    const kinds = new Array(letters.length);
    for (const [start, end, kind] of marks) kinds.fill(kind, start, end);
    for (const [source, start, end] of this.places) if (source === number) cuts.add(start).add(end);
    letters.forEach((letter, at) => letter === "\n" && cuts.add(at + 1));
    const ends = [...cuts].sort((a, b) => a - b);
    const lines = [];
    let line = null;
    ends.slice(0, -1).forEach((start, index) => {
      if (start === 0 || letters[start - 1] === "\n") {
        line = element("div", {class: "line"}, element("span", {class: "count"}, String(lines.length + 1)));
        lines.push(line);
      }
      const piece = element("span", {class: `piece ${kinds[start] ?? ""}`}, letters.slice(start, ends[index + 1]).join(""));
      Object.assign(piece, {place: [number, start, ends[index + 1]]});
      this.pieces.push(piece);
      line.append(piece);
    });
    return [...(several ? [element("h3", {}, name)] : []), element("pre", {class: "code", tabindex: "0"}, ...lines)];
  }

  // The items whose step is the smallest one around a place.
  itemsAt([source, start, end]) {
    const around = this.places.filter((place) => place[0] === source && place[1] <= start && end <= place[2]);
    around.sort((a, b) => a[2] - a[1] - (b[2] - b[1]));
    return around.length ? this.byPlace.get(around[0].join(" ")) : [];
  }

  // A label belongs to the step after it in its line.
  point(target, chosen = false) {
    let items = [];
    for (let piece = target; piece?.place && !items.length; piece = piece.nextSibling) {
      items = this.itemsAt(piece.place);
    }
    this.told.hover(items, chosen);
  }

  light(items, scroll = false) {
    const places = items.map((item) => item.at).filter(Boolean);
    let first = null;
    for (const piece of this.pieces) {
      const [source, start, end] = piece.place;
      const lit = places.some((place) => place[0] === source && place[1] <= start && end <= place[2])
        && piece.textContent.trim() !== "";
      piece.classList.toggle("lit", lit);
      first ??= lit ? piece : null;
    }
    if (scroll) first?.scrollIntoView({block: "nearest"});
  }
}

const counted = (number) => number.toLocaleString("en");

function readable(count) {
  for (const [size, unit] of [[1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"]]) {
    if (count >= size) return `${(count / size).toFixed(2)} ${unit}`;
  }
  return String(count);
}

// What is known of an item, as [name, value] pairs and the rules in force.
function facts(item, data) {
  const rows = [];
  const add = (name, value) => value && rows.push([name, value]);
  add("submodule", item.path);
  add("arguments", item.detail);
  add("takes", (item.takes ?? []).join(", "));
  add("gives", (item.gives ?? []).join(", "));
  if (item.parameters) {
    const trainable = item.trainable ?? 0;
    const some = trainable === item.parameters ? "" : `, ${counted(trainable)} trainable`;
    rows.push(["parameters", counted(item.parameters) + some]);
    add("gradient", item.gradient);
  }
  add("multiply-adds", item.macs ? readable(item.macs) : "");
  add("line", item.where);
  const rules = (item.rules ?? []).map(([parameter, number]) => {
    const {property, value, rule, where} = data.rules[number];
    return [`${parameter ? `${parameter}: ` : ""}${property} = ${value}`, `${rule}, ${where}`];
  });
  return {rows, rules};
}

function card(root, item, data) {
  root.hidden = !item;
  if (!item) return;
  const {rows, rules} = facts(item, data);
  const table = element("dl", {}, ...rows.flatMap(([name, value]) =>
    [element("dt", {}, name), element("dd", {}, value)]));
  const lines = rules.map(([said, by]) => element("li", {}, said, element("small", {}, ` ${by}`)));
  root.replaceChildren(element("h3", {}, item.what + (item.again ? " (again: the same weights)" : "")), table,
    ...(lines.length ? [element("h4", {}, "rules in force"), element("ul", {}, ...lines)] : []));
}

// Puts the card to the right or the left of a box, where there is room, or else under or over it.
function beside(root, box, around) {
  if (root.hidden || !box) return;
  const at = box.getBoundingClientRect(), all = around.getBoundingClientRect();
  const [width, height] = [root.offsetWidth, root.offsetHeight];
  const bounded = (x, least, most) => Math.max(least + 8, Math.min(x, most - 8));
  let [left, top] = [at.right + 12, bounded(at.top, all.top, all.bottom - height)];
  if (left + width > all.right) left = at.left - 12 - width;
  if (left < all.left) {
    left = bounded(at.left, all.left, all.right - width);
    top = at.bottom + 12 + height <= all.bottom ? at.bottom + 12 : Math.max(8, at.top - 12 - height);
  }
  root.style.left = `${left}px`;
  root.style.top = `${top}px`;
}

function summaryTable(root, data, told) {
  const titles = ["layer", "class", "output", "parameters", "mult-adds", "line"];
  const head = element("tr", {}, ...titles.map((title) => element("th", {}, title)));
  const rows = data.summary.map(([path, depth, kind, output, parameters, macs, line]) => {
    const name = element("td", {class: "name"}, path.split(".").at(-1));
    name.style.paddingLeft = `${depth}em`;
    const cells = [kind, output, parameters ? counted(parameters) : "", macs ? readable(macs) : "", line ?? ""];
    const row = element("tr", {"data-path": path}, name, ...cells.map((text) => element("td", {}, String(text))));
    row.addEventListener("mouseenter", () => told.hover(path));
    return row;
  });
  root.replaceChildren(element("table", {}, element("thead", {}, head), element("tbody", {}, ...rows)),
    ...data.totals.map((line) => element("p", {}, line)));
}

// Every item whose name, class or arguments have all the words.
function matching(items, text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (!words.length) return [];
  return items.filter((item) => {
    const said = `${item.what} ${item.name ?? ""} ${item.path ?? ""} ${item.detail ?? ""}`.toLowerCase();
    return words.every((word) => said.includes(word));
  });
}
