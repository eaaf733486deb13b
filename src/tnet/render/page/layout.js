// The layout of nested boxes in layers (Sugiyama, Tagawa, Toda, 1981), one cluster at a time from the inside out.
//
// In a cluster stand its items and its ports: one at the top for each value that comes in, one at the bottom for each
// that goes out. They are ranked by the longest way from the top; an edge over several ranks has a bend in each. The
// trunk, the longest way through, is the line x = 0; what is beside it is placed outwards from there, near what it is
// joined to. So boxes cannot overlap, and a cluster has room for its title to the left of all that comes in.
//
// A node is {item, l, r, h, at, from, to}: its reach to the left, to the right and downwards from its own line x = 0,
// and the places of its ports on it. Laid out, it has x and y in its cluster.
"use strict";

const GAP = {x: 22, row: 24, pad: 14, title: 24, line: 14, port: 5, shape: 18};

// Lays out a cluster with all that is open in it. `edges` are [source, target, skip, mark] between visible items.
function layout(cluster, edges, measure) {
  const inside = new Map();
  for (const [source, target, ...look] of edges) route(source, target, look, inside);
  return place(cluster, inside, measure);
}

// Enters an edge in every cluster that it passes: there it joins an item or a port to an item or a port.
function route(source, target, look, inside) {
  const above = [];
  for (let each = target; each.parent; each = each.parent) above.push(each);
  let from = source;
  while (!above.some((each) => each.parent === from.parent)) {
    join(inside, from.parent, from, "out " + source.id, look, source);
    from = from.parent;
  }
  let number = above.findIndex((each) => each.parent === from.parent);
  join(inside, from.parent, from, above[number], look, source);
  for (number -= 1; number >= 0; number -= 1) {
    join(inside, above[number].parent, "in " + source.id, above[number], look, source);
  }
}

// An edge is a skip where all that it stands for are.
function join(inside, cluster, from, to, [skip, mark], source) {
  if (!inside.has(cluster)) inside.set(cluster, new Map());
  const key = `${from.id ?? from}\n${to.id ?? to}\n${source.id}`;
  const held = inside.get(cluster).get(key);
  if (held) {
    held.skip = held.skip && skip;
    held.mark = held.mark === mark ? mark : "";
  } else inside.get(cluster).set(key, {from, to, skip, mark, source});
}

function place(cluster, inside, measure) {
  const joined = [...(inside.get(cluster) ?? new Map()).values()];
  const nodes = nodesOf(cluster, joined, inside, measure);
  const edges = joined.map(({from, to, skip, mark, source}) => {
    const [a, b] = [nodes.get(from), nodes.get(to)];
    return {a, b, skip, mark, source, out: a.to.get(source) ?? 0, into: b.from.get(source) ?? 0, bends: []};
  });
  rank([...nodes.values()], edges);
  const trunk = trunkOf([...nodes.values()], edges);
  const rows = rowsOf([...nodes.values()], edges, trunk);
  order(rows, edges);
  columns(rows, edges);
  return frame(cluster, [...nodes.values()], edges, rows, measure);
}

// The items of a cluster, the inner clusters laid out, and its ports.
function nodesOf(cluster, joined, inside, measure) {
  const nodes = new Map();
  for (const {from} of joined) if (typeof from === "string" && !nodes.has(from)) nodes.set(from, port(from, "in"));
  for (const item of cluster.items) {
    const inner = item.open ? place(item, inside, measure) : null;
    const size = inner ?? measure(item);
    nodes.set(item, {item, inner, l: size.l, r: size.r, h: size.h, from: inner?.from ?? new Map(),
                     to: inner?.to ?? new Map(), weight: inner?.weight ?? 1});
  }
  for (const {to} of joined) if (typeof to === "string" && !nodes.has(to)) nodes.set(to, port(to, "out"));
  return nodes;
}

function port(name, side) {
  return {port: name, side, l: GAP.port, r: GAP.port, h: 0, from: new Map(), to: new Map(), weight: 0};
}

// Ranks from the top; what nothing leads to stands right above what it leads to, and ports stand at the borders.
function rank(nodes, edges) {
  for (const node of nodes) node.rank = node.side === "in" ? 0 : 1;
  const into = group(edges, "b"), out = group(edges, "a");
  for (const node of nodes) {
    for (const edge of into.get(node) ?? []) node.rank = Math.max(node.rank, edge.a.rank + 1);
  }
  for (const node of [...nodes].reverse()) {
    const below = (out.get(node) ?? []).map((edge) => edge.b.rank);
    if (!into.has(node) && node.side !== "in" && below.length) node.rank = Math.min(...below) - 1;
  }
  const last = Math.max(0, ...nodes.filter((node) => node.side !== "out").map((node) => node.rank)) + 1;
  for (const node of nodes) if (node.side === "out") node.rank = last;
  const least = Math.min(...nodes.map((node) => node.rank));
  for (const node of nodes) node.rank -= least;
}

function group(edges, end) {
  const found = new Map();
  for (const edge of edges) found.set(edge[end], [...(found.get(edge[end]) ?? []), edge]);
  return found;
}

// The edges of the longest way, by the number of operations on it, that ends at the last row or in an output.
function trunkOf(nodes, edges) {
  const into = group(edges, "b");
  const best = new Map();
  for (const node of [...nodes].sort((a, b) => a.rank - b.rank)) {
    let found = {length: 0, edge: null};
    for (const edge of into.get(node) ?? []) {
      const length = best.get(edge.a).length;
      if (!found.edge || length > found.length) found = {length, edge};
    }
    best.set(node, {length: found.length + node.weight, edge: found.edge});
  }
  const ends = nodes.filter((node) => node.side === "out" || node.item?.kind === "output");
  let node = (ends.length ? ends : nodes).reduce(
    (a, b) => (a && best.get(a).length >= best.get(b).length ? a : b), null);
  const trunk = new Set();
  for (; node; node = best.get(node).edge?.a) {
    node.trunk = true;
    if (best.get(node).edge) trunk.add(best.get(node).edge);
  }
  return trunk;
}

// The nodes by rank, with a bend in each row that an edge passes.
function rowsOf(nodes, edges, trunk) {
  const rows = Array.from({length: Math.max(0, ...nodes.map((node) => node.rank)) + 1}, () => []);
  for (const node of nodes) rows[node.rank].push(node);
  for (const edge of edges) {
    edge.trunk = trunk.has(edge);
    for (let number = edge.a.rank + 1; number < edge.b.rank; number += 1) {
      const bend = {bend: true, rank: number, l: GAP.port, r: GAP.port, h: 0, trunk: edge.trunk, chain: edge.bends};
      edge.bends.push(bend);
      rows[number].push(bend);
    }
  }
  return rows;
}

// Edges as steps from row to row: [upper node, its port's place, lower node, its port's place].
function steps(edges) {
  return edges.flatMap((edge) => {
    const way = [edge.a, ...edge.bends, edge.b];
    return way.slice(1).map((lower, number) => [
      way[number], number ? 0 : edge.out, lower, number + 2 === way.length ? edge.into : 0, edge,
    ]);
  });
}

// The order in rows: each node at the mean place of those it is joined to, down and up in turns; skips to the right.
function order(rows, edges) {
  const up = new Map(), down = new Map();
  for (const [upper, , lower] of steps(edges)) {
    up.set(lower, [...(up.get(lower) ?? []), upper]);
    down.set(upper, [...(down.get(upper) ?? []), lower]);
  }
  for (const row of rows) row.sort((a, b) => (a.bend && !a.trunk ? 1 : 0) - (b.bend && !b.trunk ? 1 : 0));
  const number = () => rows.forEach((row) => row.forEach((node, index) => {
    const trunk = row.findIndex((each) => each.trunk);
    node.order = index - (trunk < 0 ? (row.length - 1) / 2 : trunk);
  }));
  const sweep = (list, joined) => {
    for (const row of list) {
      const wish = new Map(row.map((node) => {
        const near = joined.get(node) ?? [];
        return [node, near.length ? near.reduce((sum, each) => sum + each.order, 0) / near.length : node.order];
      }));
      row.sort((a, b) => wish.get(a) - wish.get(b));
      number();
    }
  };
  number();
  for (let round = 0; round < 4; round += 1) {
    sweep(rows, up);
    sweep([...rows].reverse(), down);
  }
}

// Places on the x axis: the trunk at 0, the rest outwards from it, as near as can be to what it is joined to.
function columns(rows, edges) {
  for (const row of rows) for (const node of row) node.x = 0;
  const near = new Map();
  const add = (node, other, offset) => near.set(node, [...(near.get(node) ?? []), [other, offset]]);
  for (const [upper, out, lower, into] of steps(edges)) {
    add(lower, upper, out - into);
    add(upper, lower, into - out);
  }
  const wish = (node) => {
    const found = near.get(node) ?? [];
    return found.length ? found.reduce((sum, [other, offset]) => sum + other.x + offset, 0) / found.length : node.x;
  };
  for (let round = 0; round < 8; round += 1) {
    for (const row of round % 2 ? [...rows].reverse() : rows) outwards(row, wish);
  }
  for (let round = 0; round < 3; round += 1) {
    for (const edge of edges) if (edge.bends.length && !edge.trunk) straighten(edge.bends);
    for (const row of rows) outwards(row, (node) => node.x);
  }
}

function straighten(bends) {
  const ends = bends.map((bend) => bend.x);
  const right = ends.reduce((sum, x) => sum + x, 0) >= 0;
  const x = right ? Math.max(...ends) : Math.min(...ends);
  for (const bend of bends) bend.x = x;
}

// Places a row from its trunk, or else from its middle, to both sides.
function outwards(row, wish) {
  if (!row.length) return;
  let start = row.findIndex((node) => node.trunk);
  if (start < 0) {
    start = Math.floor((row.length - 1) / 2);
    row[start].x = wish(row[start]);
  } else row[start].x = 0;
  for (let at = start + 1; at < row.length; at += 1) {
    const least = row[at - 1].x + row[at - 1].r + GAP.x + row[at].l;
    row[at].x = Math.max(least, wish(row[at]));
  }
  for (let at = start - 1; at >= 0; at -= 1) {
    const most = row[at + 1].x - row[at + 1].l - GAP.x - row[at].r;
    row[at].x = Math.min(most, wish(row[at]));
  }
}

// The box around what is laid out: its reach, the places of rows, and the ports by the value that passes.
function frame(cluster, nodes, edges, rows, measure) {
  const all = rows.flat();
  const title = measure(cluster);
  const entering = nodes.filter((node) => node.side === "in").map((node) => node.x);
  let l = Math.max(20, ...all.map((node) => node.l - node.x)) + GAP.pad;
  let r = Math.max(20, ...all.map((node) => node.r + node.x)) + GAP.pad;
  if (entering.length) l = Math.max(l, title.w + 2 * GAP.pad - Math.min(...entering));
  r = Math.max(r, title.w + 2 * GAP.pad - l);
  // Below a row is a strip for shapes, where all lines go straight down, so that none crosses a shape.
  let y = cluster.parent ? title.h : 0;
  const borders = rows.map((row) => row.every((node) => node.port || node.bend));
  rows.forEach((row, number) => {
    const height = Math.max(0, ...row.map((node) => node.h));
    const strip = borders[number] ? 0 : GAP.shape;
    for (const node of row) [node.y, node.bottom] = [y, y + height + strip];
    y += height + strip + (number + 1 < rows.length && !borders[number + 1] ? GAP.row : 0);
  });
  const h = y + (borders.at(-1) ? GAP.pad / 2 : 0);
  const ports = (side) => new Map(nodes.filter((node) => node.side === side)
    .map((node) => [joinedBy(edges, node), node.x]));
  for (const node of nodes) {
    if (node.side === "in") node.y = 0;
    if (node.side === "out") node.y = node.bottom = h;
  }
  const weight = nodes.reduce((sum, node) => sum + node.weight, 0);
  return {cluster, l, r, h, title, nodes, edges, from: ports("in"), to: ports("out"), weight};
}

// The visible item whose value passes a port.
function joinedBy(edges, node) {
  return edges.find((edge) => edge.a === node || edge.b === node).source;
}
