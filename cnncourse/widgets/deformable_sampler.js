// @ts-check
import stored from "./presets.json";
import {
  assign,
  checkbox,
  css,
  element,
  gridMarkup,
  inkOn,
  inRole,
  onArrows,
  onDrag,
  outline,
  palette,
  panel,
  presetName,
  select,
  slider,
  tint,
  widget,
} from "./_draw.js";
import { TAPS, nearest, output, response, rigid, rigidPlace, samples } from "./_deform.js";
import { clamp, figures, isRounded, range } from "./_math.js";

/** @typedef {import("./_deform.js").Sampling} Sampling */
/** @typedef {import("./_deform.js").Sample} Sample */
/** @typedef {import("./_draw.js").Model} Model */
/** @typedef {{s: Sampling, cell: number[], tap: number, list: Sample[]}} View */

/** @type {Record<string, number[][]>} */
const images = stored.images;
const kernels = Object.fromEntries(
  Object.entries(/** @type {Record<string, number[][]>} */ (stored.kernels)).filter(
    ([, k]) => k.length === 3 && k[0].length === 3,
  ),
);
const SETTINGS = ["image", "kernel", "offsets", "modulated", "masks"];
const FURTHEST = 4; // pixels that a tap can be moved, as in Python
const STEP = 0.25; // pixels for an arrow key
const NAMES = ["up left", "up", "up right", "left", "middle", "right", "down left", "down", "down right"].map(
  (name, n) => `${n + 1}: ${name}`,
);

/** @param {{model: Model, el: HTMLElement}} view */
function render(view) {
  const { model } = view;
  const controls = makeControls(model);
  const stage = makeStage(model);
  const working = element("div", { class: "cnn-working" });
  const parts = [controls.node, stage.node, working];
  return widget(view, "Deformable sampling explorer", [...SETTINGS, "cell", "tap"], parts, (width) => {
    const now = read(model);
    controls.show(now);
    stage.show(now, width);
    working.innerHTML = workingMarkup(now);
    return { said: spoken(now) };
  });
}

/** Everything that is drawn; a cell that another image has not is moved inside. @param {Model} model
 * @returns {View} */
function read(model) {
  const s = /** @type {any} */ (Object.fromEntries(SETTINGS.map((name) => [name, model.get(name)])));
  const cell = within(s.image, model.get("cell"));
  if (String(cell) !== String(model.get("cell"))) assign(model, { cell });
  return { s, cell, tap: model.get("tap"), list: samples(s, cell) };
}

/** @param {number[][]} image @param {number[]} cell */
const within = (image, [i, j]) => [clamp(i, 0, image.length - 1), clamp(j, 0, image[0].length - 1)];

/** @param {number[][]} list @param {number} n @param {any} entry */
const replaced = (list, n, entry) => list.map((old, at) => (at === n ? entry : old));

/** Move one tap. @param {Model} model @param {number} n @param {number[]} offset down, right */
function move(model, n, offset) {
  const kept = offset.map((v) => clamp(Math.round(v * 20) / 20, -FURTHEST, FURTHEST));
  assign(model, { offsets: replaced(model.get("offsets"), n, kept), tap: n });
}

// ---- controls

/** @param {Model} model */
function makeControls(model) {
  const chosen = () => model.get("tap");
  const along = (/** @type {number} */ axis) => (/** @type {number} */ value) =>
    move(model, chosen(), replaced(model.get("offsets")[chosen()], axis, value));
  const limits = { min: -FURTHEST, max: FURTHEST, step: STEP };
  const all = {
    image: select("image", Object.keys(images), (name) => assign(model, { image: images[name] })),
    kernel: select("kernel", Object.keys(kernels), (name) => assign(model, { kernel: kernels[name] })),
    tap: select("sampling point", NAMES, (name) => assign(model, { tap: NAMES.indexOf(name) })),
    down: slider("its offset down", limits, along(0)),
    right: slider("its offset right", limits, along(1)),
    modulated: checkbox("modulated (v2)", (on) => assign(model, { modulated: on })),
    mask: slider("its mask", { min: 0, max: 1, step: 0.05 }, (value) =>
      assign(model, { masks: replaced(model.get("masks"), chosen(), value) }),
    ),
  };
  const reset = element("button", { type: "button", class: "cnn-button" }, "reset the grid");
  reset.addEventListener("click", () =>
    assign(model, { offsets: range(TAPS).map(() => [0, 0]), masks: range(TAPS).map(() => 1) }),
  );
  const node = element("div", { class: "cnn-controls" }, ...Object.values(all).map((c) => c.node), reset);
  return {
    node,
    show(/** @type {View} */ { s, tap }) {
      all.image.show(presetName(images, s.image));
      all.kernel.show(presetName(kernels, s.kernel));
      all.tap.show(NAMES[tap]);
      all.down.show(s.offsets[tap][0]);
      all.right.show(s.offsets[tap][1]);
      all.modulated.show(s.modulated);
      all.mask.show(s.masks[tap]);
      all.mask.node.hidden = !s.modulated;
    },
  };
}

// ---- the image with its nine points, and the response

/** @param {Model} model */
function makeStage(model) {
  const input = panel(
    "input",
    "Image with nine sampling points. Arrow keys move the chosen point by a quarter of a pixel, keys 1 to 9 " +
      "choose one, Home puts it back. Or drag a point.",
  );
  const result = panel("output", "Response. Arrow keys or a press choose the place that is written out.");
  const sign = element("span", { class: "cnn-operator", "aria-hidden": "true" }, "→");
  const node = element("div", { class: "cnn-stage" }, input.figure, sign, result.figure);
  let size = 36;

  const by = (/** @type {number} */ down, /** @type {number} */ right) => {
    const { s, tap } = read(model);
    move(model, tap, [s.offsets[tap][0] + STEP * down, s.offsets[tap][1] + STEP * right]);
  };
  onArrows(input.board, by, (end) => end === "Home" && move(model, model.get("tap"), [0, 0]));
  input.board.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    if (!/^[1-9]$/.test(event.key) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    assign(model, { tap: Number(event.key) - 1 });
  });
  /** @type {number | null} */ let held = null; // the point of this drag: the one nearest to where it began
  input.board.addEventListener("pointerdown", () => {
    held = null;
  });
  onDrag(input.board, (x, y) => {
    const { s, cell } = read(model);
    const [row, column] = [(y - 3) / size - 1.5, (x - 3) / size - 1.5]; // the rim of zeros is one cell wide
    held ??= nearest(s, cell, row, column);
    const [i, j] = rigidPlace(cell, held);
    move(model, held, [row - i, column - j]);
  });
  const choose = (/** @type {number[]} */ cell) => assign(model, { cell: within(model.get("image"), cell) });
  onArrows(
    result.board,
    (rows, columns) => choose([model.get("cell")[0] + rows, model.get("cell")[1] + columns]),
    (end) => choose(end === "Home" ? [0, 0] : [Infinity, Infinity]),
  );
  onDrag(result.board, (x, y) => choose([Math.floor((y - 3) / size), Math.floor((x - 3) / size)]));

  /** @param {View} view @param {number} width */
  function show(view, width) {
    const [rows, columns] = [view.s.image.length, view.s.image[0].length];
    size = cellSize(rows, columns, width);
    input.caption.innerHTML = `Image ${rows} × ${columns}<small>squares: the rigid grid; numbers: the taps</small>`;
    input.board.innerHTML = imageMarkup(view, size);
    result.caption.innerHTML = `Response ${rows} × ${columns}<small>the same offsets at every place</small>`;
    result.board.innerHTML = responseMarkup(view, size);
  }
  return { node, show };
}

/** As large as fits: side by side, or, when that is too small to read, one below the other.
 * @param {number} rows @param {number} columns @param {number} width */
function cellSize(rows, columns, width) {
  const beside = (width - 18 - 2 * 12 - 12) / (2 * columns + 2);
  const below = (width - 6) / (columns + 2);
  return Math.floor(clamp(Math.min(beside >= 26 ? beside : below, Math.max(460 / rows, 30)), 20, 46));
}

/** @param {View} view @param {number} size */
function imageMarkup({ s, cell, tap, list }, size) {
  const colour = tint(s.image, "input");
  const cells = range(s.image.length + 2).map((a) =>
    range(s.image[0].length + 2).map((b) => {
      const value = s.image[a - 1]?.[b - 1];
      if (value === undefined) return { text: "0", fill: null, padding: true };
      return { text: figures(value), fill: colour(value) };
    }),
  );
  const here = list[tap].corners[0];
  const four = outline({ row: here.row + 1, column: here.column + 1, rows: 2, columns: 2 }, size);
  const points = range(TAPS).filter((n) => n !== tap);
  const marks = range(TAPS).map((n) => rigidMarkup(list[n], size));
  const taps = [...points, tap].map((n) => pointMarkup(list[n], n, n === tap, size));
  const middle = cellMark(cell, size);
  const svg = gridMarkup(cells, size, middle + four + marks.join("") + taps.join(""));
  return svg.replace("<svg ", '<svg style="overflow:visible" '); // a point may be dragged over the rim
}

/** @param {number[]} cell @param {number} size */
const cellMark = ([i, j], size) =>
  `<rect class="cnn-tap" style="stroke:var(--cnn-output)" x="${(j + 1) * size + 2.5}" ` +
  `y="${(i + 1) * size + 2.5}" width="${size - 5}" height="${size - 5}"/>`;

/** Where the middle of a pixel is drawn. @param {number} place @param {number} size */
const at = (place, size) => (place + 1.5) * size;

/** The tap's place on the rigid grid, and the way from there. @param {Sample} p @param {number} size */
function rigidMarkup(p, size) {
  const [y, x] = [at(p.rigid[0], size), at(p.rigid[1], size)];
  const line = `<line x1="${x}" y1="${y}" x2="${at(p.column, size)}" y2="${at(p.row, size)}" stroke="#000" stroke-width="1.5"/>`;
  return (
    `<rect x="${x - 3.5}" y="${y - 3.5}" width="7" height="7" fill="#fff" stroke="#000" stroke-width="1.2"/>` +
    (p.row === p.rigid[0] && p.column === p.rigid[1] ? "" : line)
  );
}

/** A tap as a disc with its number, as large as its mask says; the chosen one has a ring.
 * @param {Sample} p @param {number} n @param {boolean} chosen @param {number} size */
function pointMarkup(p, n, chosen, size) {
  const [x, y, r] = [at(p.column, size), at(p.row, size), 4 + 5 * p.mask];
  const fill = [1, 3, 5].map((i) => parseInt(palette.kernel.slice(i, i + 2), 16));
  const ring = chosen
    ? `<circle class="cnn-active" cx="${x}" cy="${y}" r="${r + 3}"/>` +
      `<circle class="cnn-active-dash" cx="${x}" cy="${y}" r="${r + 3}"/>`
    : "";
  return (
    `<g data-tap="${n}" data-place="${p.row},${p.column}">${ring}` +
    `<circle cx="${x}" cy="${y}" r="${r}" fill="${css(fill)}" stroke="#fff" stroke-width="1.5"/>` +
    `<text x="${x}" y="${y}" font-size="11" font-weight="600" fill="${inkOn(fill)}">${n + 1}</text></g>`
  );
}

/** @param {View} view @param {number} size */
function responseMarkup({ s, cell }, size) {
  const values = output(s);
  const colour = tint(values, "output");
  const cells = values.map((row) => row.map((v) => ({ text: figures(v), fill: colour(v) })));
  return gridMarkup(cells, size, outline({ row: cell[0], column: cell[1], rows: 1, columns: 1 }, size));
}

// ---- the working: nine products and their sum, and the four pixels of the chosen tap

/** @param {View} view */
const workingMarkup = (view) => `<div>${productsMarkup(view)}</div><div>${cornersMarkup(view)}${sumMarkup(view)}</div>`;

/** @param {View} view */
function productsMarkup({ s, tap, list }) {
  const boxes = list.map((p, n) => {
    const factors = [inRole("input", figures(p.value)), inRole("kernel", figures(p.weight))];
    if (s.modulated) factors.push(figures(p.mask));
    const mark = n === tap ? ' style="outline:3px dashed var(--cnn-attention)"' : "";
    return `<div data-product="${p.product}"${mark}><b>${figures(p.product)}</b><small>${factors.join(" × ")}</small></div>`;
  });
  const how = s.modulated ? "value × weight × mask" : "value × weight";
  return (
    `<p class="cnn-heading">each tap: ${how}</p>` +
    `<div class="cnn-products" style="--columns:3">${boxes.join("")}</div>`
  );
}

/** @param {View} view */
function cornersMarkup({ tap, list }) {
  const p = list[tap];
  const terms = p.corners
    .filter((c) => c.weight > 0)
    .map((c) => `${inRole(c.inside ? "input" : "padding", figures(c.value))} × ${figures(c.weight)}`);
  return (
    `<p class="cnn-heading">tap ${tap + 1} reads at (${figures(p.row)}, ${figures(p.column)}): pixel × its share</p>` +
    `<p class="cnn-formula">${terms.join(" + ")} = <b data-value="${p.value}">${figures(p.value)}</b></p>`
  );
}

/** @param {View} view */
function sumMarkup({ s, cell, list }) {
  const total = response(s, cell);
  const terms = list.map((p) => figures(p.product)).map((text, n) => (n ? joined(text) : text));
  const note = [total, ...list.map((p) => p.product)].some(isRounded) ? ", shown to three figures" : "";
  const plain = response(rigid(s), cell);
  return (
    `<p class="cnn-heading">the response at [${cell.join(", ")}]${note}</p>` +
    `<p class="cnn-sum">${terms.join(" ")} = <b data-sum="${total}">${figures(total)}</b></p>` +
    `<p class="cnn-heading">on the rigid grid</p><p class="cnn-sum"><b data-rigid="${plain}">${figures(plain)}</b></p>`
  );
}

/** @param {string} text */
const joined = (text) => (text.startsWith("−") ? `− ${text.slice(1)}` : `+ ${text}`);

/** @param {View} view */
function spoken({ s, cell, tap, list }) {
  const p = list[tap];
  const mask = s.modulated ? ` times its mask ${figures(p.mask)}` : "";
  const plain = response(rigid(s), cell);
  return (
    `Tap ${tap + 1} reads ${figures(p.value)} at row ${figures(p.row)}, column ${figures(p.column)}, times its ` +
    `weight ${figures(p.weight)}${mask}: ${figures(p.product)}. The response at [${cell.join(", ")}] is ` +
    `${figures(response(s, cell))}; on the rigid grid it is ${figures(plain)}.`
  );
}

export default { render };
