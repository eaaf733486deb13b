// The picture: which blocks are open, the boxes and lines as SVG, and moving about in it.
"use strict";

const SVG = "http://www.w3.org/2000/svg";
const FIRST = 40;  // boxes up to which blocks are open at first
const FONTS = {what: "600 13px sans-serif", small: "11px sans-serif", shape: "11px sans-serif"};

const pen = document.createElement("canvas").getContext("2d");
const widths = new Map();
function widthOf(text, font) {
  const key = font + text;
  if (!widths.has(key)) {
    pen.font = FONTS[font];
    widths.set(key, Math.ceil(pen.measureText(text).width));
  }
  return widths.get(key);
}

function make(name, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

// The words of an item in lines of at most so many letters.
function wrapped(text, most = 34) {
  const lines = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && (last + " " + word).length <= most) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return text ? lines : [];
}

class Picture {
  constructor(svg, told) {
    this.svg = svg;
    this.told = told;  // {hover(item), pin(item), changed()}
    this.view = {x: 0, y: 0, scale: 1};
    this.open = new Map();  // by id, kept when the spec changes
    this.listen();
  }

  // Takes a net: links items to what they are in, and opens as many blocks as can be looked at at once.
  show(data) {
    const before = this.data;
    this.data = data;
    this.items = new Map();
    this.leaves = [];
    const link = (item, parent, depth) => {
      Object.assign(item, {parent, depth});
      this.items.set(item.id, item);
      if (!item.items) this.leaves.push(item);
      for (const each of item.items ?? []) link(each, item, depth + 1);
    };
    link(data.root, null, 0);
    this.edges = data.edges.map(([from, to, skip, mark]) => [this.items.get(from), this.items.get(to), Boolean(skip), mark]);
    if (before === undefined) this.unfoldTo(this.firstDepth());
    this.draw();
    if (before === undefined) this.fit();
  }

  // How deep blocks are open: as the page says, or for at most FIRST boxes.
  firstDepth() {
    if (this.data.depth !== undefined) return this.data.depth;
    const boxes = (item, depth) => item.items && depth >= 0
      ? item.items.reduce((sum, each) => sum + boxes(each, depth - 1), 0) : 1;
    let depth = 0;
    while (depth < 64 && boxes(this.data.root, depth + 1) <= FIRST) depth += 1;
    return depth;
  }

  unfoldTo(depth) {
    for (const item of this.items.values()) if (item.items) this.open.set(item.id, item.depth <= depth);
  }

  isOpen(item) {
    return Boolean(item.items) && (!item.parent || (this.open.get(item.id) ?? false));
  }

  // The box that an item is seen in: itself, or the outermost folded block around it.
  seen(item) {
    let found = item;
    for (let each = item; each; each = each.parent) if (each.items && !this.isOpen(each)) found = each;
    return found;
  }

  toggle(item, open = !this.isOpen(item)) {
    if (!item.items || !item.parent) return;
    const before = this.boxes.get(item.id)?.getBoundingClientRect();
    this.open.set(item.id, open);
    this.draw();
    const after = this.boxes.get(item.id)?.getBoundingClientRect();
    if (before && after) this.move(before.left - after.left, before.top - after.top);
    this.told.changed();
  }

  // Opens all blocks around an item.
  reveal(item) {
    for (let each = item.parent; each; each = each.parent) this.open.set(each.id, true);
    this.draw();
  }

  // How much room an item takes, and what is written in it.
  measure = (item) => {
    const name = item.again ? `${item.name ?? ""} again`.trim() : item.name ?? "";
    const details = wrapped(item.detail ?? "");
    const head = widthOf(item.what, "what") + (name ? 8 + widthOf(name, "small") : 0);
    const w = Math.max(head, ...details.map((line) => widthOf(line, "small")));
    const words = {name, details, w};
    if (this.isOpen(item)) return {...words, w: w + 26, h: GAP.title + GAP.line * details.length};
    const box = Math.max(34, w + 22 + (item.items ? 18 : 0));
    const shape = (item.gives ?? []).join(" · ");
    const r = Math.max(box / 2, shape ? widthOf(shape, "shape") + 10 : 0);
    return {...words, box, shape, l: box / 2, r, h: 26 + GAP.line * details.length};
  };

  draw() {
    for (const item of this.items.values()) item.open = this.isOpen(item);
    const lines = new Map();
    for (const [from, to, skip, mark] of this.edges) {
      const [a, b] = [this.seen(from), this.seen(to)];
      if (a === b) continue;
      const key = `${a.id}\n${b.id}`;
      if (!lines.has(key)) lines.set(key, [a, b, skip, mark]);
      else lines.get(key)[2] &&= skip;
      if (!mark) lines.get(key)[3] = mark;
    }
    this.boxes = new Map();
    this.layers = {clusters: make("g"), edges: make("g"), boxes: make("g")};
    this.frame = layout(this.data.root, [...lines.values()], this.measure);
    this.paint(this.frame, 0, 0);
    this.stage = make("g", {}, this.layers.clusters, this.layers.edges, this.layers.boxes);
    this.svg.replaceChildren(this.svg.querySelector("defs"), this.stage);
    this.transform();
  }

  paint(frame, x, y) {
    if (frame.cluster.parent) this.paintCluster(frame, x, y);
    for (const edge of frame.edges) this.paintEdge(frame, edge, x, y);
    for (const node of frame.nodes) {
      if (node.inner) this.paint(node.inner, x + node.x, y + node.y);
      else if (node.item) this.paintBox(node.item, x + node.x, y + node.y, frame);
    }
  }

  group(item, name, layer) {
    const group = make("g", {class: name, "data-id": item.id, tabindex: "-1", role: "treeitem",
                             "aria-label": `${item.what} ${item.path ?? ""}`.trim()});
    if (item.items) group.setAttribute("aria-expanded", String(item.open));
    this.boxes.set(item.id, group);
    layer.append(group);
    return group;
  }

  paintCluster({cluster, l, r, h, title}, x, y) {
    const shade = `cluster ${cluster.depth % 2 ? "odd" : "even"} ${cluster.mark ?? ""}`;
    const group = this.group(cluster, shade, this.layers.clusters);
    group.append(make("rect", {x: x - l, y, width: l + r, height: h, rx: 8}));
    this.sign(group, cluster, x - l + 10, y + 17);
    this.write(group, cluster, title, x - l + 24, y + 17, "start");
  }

  paintBox(item, x, y) {
    const size = this.measure(item);
    const group = this.group(item, `box ${item.kind} ${item.mark ?? ""}`, this.layers.boxes);
    const at = {x: x - size.box / 2, y, width: size.box, height: size.h, rx: item.kind === "operator" ? 13 : 6};
    group.append(make("rect", at));
    if (item.again) group.append(make("rect", {...at, x: at.x - 3, y: y - 3, width: size.box + 6, height: size.h + 6,
                                               rx: at.rx + 3, class: "again"}));
    if (item.items) this.sign(group, item, at.x + 9, y + 17);
    this.write(group, item, size, x + (item.items ? 8 : 0), y + 17, "middle");
    if (size.shape) {
      this.layers.edges.append(make("text", {x: x + 6, y: y + size.h + 13, class: "shape"}, size.shape));
    }
  }

  // Whether a block is open: a triangle that points down or to the right.
  sign(group, item, x, y) {
    const points = item.open ? `${x},${y - 8} ${x + 9},${y - 8} ${x + 4.5},${y - 1}`
      : `${x},${y - 9} ${x},${y} ${x + 7},${y - 4.5}`;
    group.append(make("polygon", {class: "sign", points}));
  }

  write(group, item, {name, details}, x, y, anchor) {
    const head = make("text", {x, y, "text-anchor": anchor}, make("tspan", {class: "what"}, item.what));
    if (name) head.append(make("tspan", {class: "small", dx: 8}, name));
    group.append(head);
    details.forEach((line, number) => {
      const below = {x, y: y + GAP.line * (number + 1), "text-anchor": anchor, class: "small"};
      group.append(make("text", below, line));
    });
  }

  paintEdge(frame, {a, b, bends, out, into, skip, source, mark}, x, y) {
    const start = a.side === "in" ? [a.x, 0] : [a.x + out, a.y + a.h];
    let way = `M${x + start[0]},${y + start[1]}`;
    let [px, py] = [start[0], a.bottom];
    if (py > start[1]) way += `V${y + py}`;
    const to = (nx, ny) => {
      const middle = y + (py + ny) / 2;
      way += nx === px ? `V${y + ny}` : `C${x + px},${middle} ${x + nx},${middle} ${x + nx},${y + ny}`;
      [px, py] = [nx, ny];
    };
    for (const bend of bends) {
      to(bend.x, bend.y);
      if (bend.bottom > bend.y) to(bend.x, bend.bottom);
    }
    const ends = b.item && !b.inner;
    to(b.side === "out" ? b.x : b.x + into, b.side === "out" ? frame.h : b.y);
    const line = make("path", {d: way, class: `edge ${skip ? "skip" : ""} ${mark ?? ""}`, "data-from": source.id});
    if (ends) line.setAttribute("marker-end", skip ? "url(#skip)" : "url(#arrow)");
    if (b.item) line.setAttribute("data-to", b.item.id);
    this.layers.edges.append(line);
  }

  // ---- moving about

  transform() {
    const {x, y, scale} = this.view;
    this.stage.setAttribute("transform", `translate(${x} ${y}) scale(${scale})`);
  }

  move(dx, dy) {
    this.view.x += dx;
    this.view.y += dy;
    this.transform();
  }

  zoom(factor, x = this.svg.clientWidth / 2, y = this.svg.clientHeight / 2) {
    const scale = Math.min(4, Math.max(0.04, this.view.scale * factor));
    const by = scale / this.view.scale;
    this.view = {scale, x: x - (x - this.view.x) * by, y: y - (y - this.view.y) * by};
    this.transform();
  }

  // The whole net, or as much of its width as can be read, from its top.
  fit() {
    const {l, r, h} = this.frame;
    const [width, height] = [this.svg.clientWidth, this.svg.clientHeight];
    const whole = Math.min((width - 30) / (l + r), (height - 30) / h);
    const scale = Math.min(1, Math.max(whole, Math.min(0.75, (width - 30) / (l + r))));
    this.view = {scale, x: width / 2 + ((l - r) / 2) * scale, y: Math.max(15, (height - h * scale) / 2)};
    if (h * scale > height) this.view.y = 15;
    this.transform();
  }

  // Moves an item into sight, if it is not.
  center(item) {
    const box = this.boxes.get(this.seen(item).id)?.getBoundingClientRect();
    const all = this.svg.getBoundingClientRect();
    if (!box) return;
    const out = box.left < all.left || box.right > all.right || box.top < all.top || box.bottom > all.bottom;
    if (out) {
      this.move(all.left + all.width / 2 - (box.left + box.right) / 2,
                all.top + all.height / 3 - Math.min(box.top + 40, (box.top + box.bottom) / 2));
    }
  }

  itemOf(target) {
    return this.items.get(target.closest?.("[data-id]")?.dataset.id);
  }

  listen() {
    const {svg} = this;
    svg.addEventListener("wheel", (event) => {
      event.preventDefault();
      const {left, top} = svg.getBoundingClientRect();
      const lines = event.deltaMode === 1 ? 16 : 1;
      if (event.ctrlKey || event.metaKey) {
        this.zoom(Math.exp(-event.deltaY * lines / 200), event.clientX - left, event.clientY - top);
      } else this.move(-event.deltaX * lines, -event.deltaY * lines);
    }, {passive: false});
    let held = null;
    svg.addEventListener("pointerdown", (event) => {
      if (event.button === 0) held = {x: event.clientX, y: event.clientY, moved: false};
    });
    window.addEventListener("pointermove", (event) => {
      if (!held) return;
      const [dx, dy] = [event.clientX - held.x, event.clientY - held.y];
      if (!held.moved && Math.hypot(dx, dy) < 4) return;
      this.move(dx, dy);
      held = {x: event.clientX, y: event.clientY, moved: true};
    });
    window.addEventListener("pointerup", (event) => {
      if (held && !held.moved && svg.contains(event.target)) this.click(event);
      held = null;
    });
    svg.addEventListener("mouseover", (event) => this.told.hover(this.itemOf(event.target)));
    svg.addEventListener("mouseleave", () => this.told.hover(undefined));
  }

  click(event) {
    const item = this.itemOf(event.target);
    if (item?.items) this.toggle(item);
    else this.told.pin(item);
  }
}
