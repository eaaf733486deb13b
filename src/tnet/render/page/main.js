// Puts the page together: what one part points at, the others light; keys; and, in the live page, news of the spec.
"use strict";

const page = {items: [], found: [], at: -1, pinned: null};

const picture = new Picture($("graph"), {
  hover: (item) => light(item ? [item] : [], item),
  pin: (item) => { page.pinned = item?.parent ? item : null; select(page.pinned); },
  changed: () => { find(false); light([], null); },
});
const spec = new Spec($("spec"), {
  hover: (items, chosen) => {
    mark(items);
    spec.light(items);
    if (chosen && items.length) picture.center(items[0]);
  },
});

function show(data) {
  page.data = data;
  document.title = data.title;
  $("heading").textContent = data.heading;
  picture.show(data);
  page.items = [...picture.items.values()];
  page.pinned = null;
  spec.show(data.sources, page.items.filter((item) => item.parent));
  summaryTable($("summary"), data, {hover: (path) => mark(page.items.filter((item) => item.path === path))});
  card($("card"), null, data);
  find(false);
}

// Lights items in the picture, or the folded blocks that they are in.
function mark(items) {
  const seen = new Set(items.map((item) => picture.seen(item).id));
  for (const [id, box] of picture.boxes) box.classList.toggle("lit", seen.has(id));
  for (const line of picture.layers.edges.querySelectorAll(".edge")) {
    line.classList.toggle("lit", items.length === 1 && (seen.has(line.dataset.from) || seen.has(line.dataset.to)));
  }
}

function light(items, item) {
  if (!page.data) return;
  const shown = item ?? page.pinned;
  const all = items.length || !page.pinned ? items : [page.pinned];
  mark(all);
  spec.light(all, Boolean(item));
  card($("card"), shown?.parent ? shown : null, page.data);
  if (shown) beside($("card"), picture.boxes.get(picture.seen(shown).id), $("graph"));
}

function select(item) {
  light(item ? [item] : [], item);
  if (item) picture.boxes.get(picture.seen(item).id)?.focus({preventScroll: true});
}

// ---- search

function find(jump = true) {
  page.found = matching(page.items.filter((item) => item.parent), $("search").value);
  const hits = new Set(page.found.map((item) => picture.seen(item).id));
  $("graph").classList.toggle("searching", page.found.length > 0);
  for (const [id, box] of picture.boxes) box.classList.toggle("hit", hits.has(id));
  $("count").textContent = $("search").value ? `${page.found.length} found` : "";
  if (jump) page.at = -1;
}

function next(step) {
  if (!page.found.length) return;
  page.at = (page.at + step + page.found.length) % page.found.length;
  const item = page.found[page.at];
  picture.reveal(item);
  find(false);
  picture.center(item);
  page.pinned = item;
  select(item);
  $("count").textContent = `${page.at + 1} of ${page.found.length}`;
  $("search").focus();
}

// ---- keys and buttons

// Items in the order of the net, as far as they are seen.
const visible = () => page.items.filter((item) => item.parent && picture.boxes.has(item.id));

function step(by) {
  const all = visible();
  const at = all.indexOf(page.pinned && picture.seen(page.pinned));
  page.pinned = all[Math.max(0, Math.min(all.length - 1, at < 0 ? 0 : at + by))];
  picture.center(page.pinned);
  select(page.pinned);
}

function fold(open) {
  const item = page.pinned;
  if (item?.items && picture.isOpen(item) !== open) picture.toggle(item, open);
  else if (open && item?.items) page.pinned = item.items[0];
  else if (!open && item?.parent?.parent) page.pinned = item.parent;
  picture.center(page.pinned ?? page.data.root);
  select(page.pinned);
}

const all = (open) => () => {
  picture.unfoldTo(open ? 64 : 0);
  picture.draw();
  picture.fit();
  find(false);
};
const ACTIONS = {
  "+": () => picture.zoom(1.25), "=": () => picture.zoom(1.25), "-": () => picture.zoom(0.8),
  "0": () => picture.fit(), f: () => picture.fit(), e: all(true), c: all(false),
  "/": () => $("search").focus(), ArrowDown: () => step(1), ArrowUp: () => step(-1),
  ArrowRight: () => fold(true), ArrowLeft: () => fold(false),
  Enter: () => page.pinned?.items && fold(!picture.isOpen(page.pinned)),
  Escape: () => { page.pinned = null; select(null); },
};

window.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || !page.data) return;
  if (event.target === $("search")) {
    if (event.key === "Enter") next(event.shiftKey ? -1 : 1);
    if (event.key === "Escape") { $("search").value = ""; find(); $("graph").focus(); }
    return;
  }
  if (event.target.closest("button, pre, summary")) return;
  const action = ACTIONS[event.key];
  if (action) { event.preventDefault(); action(); }
});
$("search").addEventListener("input", () => find());
for (const button of document.querySelectorAll("button[data-key]")) {
  button.addEventListener("click", () => ACTIONS[button.dataset.key]());
}
window.addEventListener("resize", () => light([], null));

// ---- the live page

function diagnostics({text, errors, where}) {
  $("diagnostics").textContent = text;
  $("diagnostics").hidden = !text;
  document.body.classList.toggle("stale", errors);
  $("state").textContent = errors ? `${where}: the picture is the last good one` : where;
}

function live() {
  const news = new EventSource("events");
  news.addEventListener("spec", (event) => {
    const {data, ...rest} = JSON.parse(event.data);
    if (data) show(data);
    diagnostics(rest);
    document.documentElement.dataset.version = rest.version;
  });
  news.onerror = () => { $("state").textContent = "tnet view has ended"; };
}

const given = JSON.parse($("data").textContent);
if (given.root) show(given);
if (document.documentElement.hasAttribute("data-live")) live();
