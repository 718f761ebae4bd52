// @ts-check
import stored from "./presets.json";
import {
  assign,
  checkbox,
  css,
  element,
  kernelEditor,
  onArrows,
  onDrag,
  panel,
  presetName,
  select,
  signed,
  slider,
  weightWidth,
  widget,
} from "./_draw.js";
import { clamp, correlate, extent, figures, plane, range } from "./_math.js";

/** @typedef {import("./_draw.js").Model} Model */

/** @type {{images: Record<string, number[][]>, kernels: Record<string, number[][]>}} */
const presets = stored;
const CHANNELS = ["luminance", "red", "green", "blue"];
const SETTINGS = ["kernel", "channel", "bias", "relu", "cell", "pixels", "shape"];
const SIZES = ["3 × 3", "5 × 5"];

/** @param {{model: Model, el: HTMLElement}} view */
function render(view) {
  const { model } = view;
  const controls = makeControls(model);
  const stage = makeStage(model);
  return widget(view, "Kernel laboratory", SETTINGS, [controls.node, stage.node], (width) => {
    const made = compute(model);
    const cell = settle(model, made);
    controls.show(model);
    stage.show(made, cell, width);
    return { said: spoken(model, made, cell) };
  });
}

/** @typedef {{input: Float32Array, height: number, width: number, map: Float32Array, rows: number,
 *             columns: number, low: number, high: number, scale: number, kernel: number[][]}} Made */

/** The plane that is read, the map, its extent, and the scale of its colours (from before the ReLU).
 * @param {Model} model @returns {Made} */
function compute(model) {
  const shape = model.get("shape");
  const [, height, width] = shape;
  const data = model.get("pixels");
  const bytes = new Uint8Array(data.buffer ?? data, data.byteOffset ?? 0, data.byteLength);
  const input = plane(bytes, shape, CHANNELS.indexOf(model.get("channel")) - 1);
  const kernel = model.get("kernel");
  const { map, rows, columns } = correlate(input, height, width, kernel, model.get("bias"));
  const scale = Math.max(...extent(map).map(Math.abs));
  if (model.get("relu")) for (let i = 0; i < map.length; i++) map[i] = Math.max(0, map[i]);
  const [low, high] = extent(map);
  return { input, height, width, map, rows, columns, low, high, scale, kernel };
}

/** The cell that is read out, moved inside the map and written back.
 * @param {Model} model @param {Made} made */
function settle(model, { rows, columns }) {
  const [i, j] = model.get("cell");
  const cell = [clamp(i, 0, rows - 1), clamp(j, 0, columns - 1)];
  if (cell[0] !== i || cell[1] !== j) assign(model, { cell });
  return cell;
}

// ---- controls

/** @param {Model} model */
function makeControls(model) {
  const preset = select("kernel", Object.keys(presets.kernels), (name) =>
    assign(model, { kernel: presets.kernels[name] }),
  );
  const size = select("size", SIZES, (name) =>
    assign(model, { kernel: resized(model.get("kernel"), parseInt(name, 10)) }),
  );
  const channel = select("channel", CHANNELS, (name) => assign(model, { channel: name }));
  const bias = slider("bias", { min: -2, max: 2, step: 0.05 }, (value) => assign(model, { bias: value }));
  const relu = checkbox("ReLU: negative values become 0", (on) => assign(model, { relu: on }));
  const shown = [preset, size, ...(model.get("shape")[0] === 3 ? [channel] : []), bias, relu];
  return {
    node: element("div", { class: "cnn-controls" }, ...shown.map((control) => control.node)),
    show(/** @type {Model} */ m) {
      const kernel = m.get("kernel");
      preset.show(presetName(presets.kernels, kernel));
      size.show(`${kernel.length} × ${kernel[0].length}`);
      channel.show(m.get("channel"));
      bias.show(m.get("bias"));
      relu.show(m.get("relu"));
    },
  };
}

/** The same weights in the middle of a kernel of another size.
 * @param {number[][]} kernel @param {number} size */
function resized(kernel, size) {
  const [down, across] = [kernel.length, kernel[0].length].map((k) => Math.floor((size - k) / 2));
  return range(size).map((i) => range(size).map((j) => kernel[i - down]?.[j - across] ?? 0));
}

// ---- photo ∗ kernel = map

/** @param {Model} model */
function makeStage(model) {
  const photo = picture("input", "Picture. Arrow keys or a drag choose where to read the map.");
  const map = picture("output", "Map. Arrow keys or a drag choose the value to read.");
  const editor = kernelEditor((kernel) => assign(model, { kernel }));
  const caption = element("figcaption", { class: "cnn-caption cnn-kernel" });
  const middle = element("figure", { class: "cnn-panel" }, caption, editor.node, makeScale());
  const sign = (/** @type {string} */ s) =>
    element("span", { class: "cnn-operator", "aria-hidden": "true" }, s);
  const node = element("div", { class: "cnn-stage" }, photo.figure, sign("∗"), middle, sign("="), map.figure);

  let zoom = 1;
  /** @type {Made} */ let made;
  const moveTo = (/** @type {number} */ i, /** @type {number} */ j) =>
    assign(model, {
      cell: [clamp(Math.floor(i), 0, made.rows - 1), clamp(Math.floor(j), 0, made.columns - 1)],
    });
  for (const { board } of [photo, map])
    onArrows(
      board,
      (rows, columns) => moveTo(model.get("cell")[0] + rows, model.get("cell")[1] + columns),
      (end) => (end === "Home" ? moveTo(0, 0) : moveTo(Infinity, Infinity)),
    );
  onDrag(map.board, (x, y) => moveTo(y / zoom, x / zoom));
  onDrag(photo.board, (x, y) =>
    moveTo(y / zoom - (made.kernel.length - 1) / 2, x / zoom - (made.kernel[0].length - 1) / 2),
  );

  /** @param {Made} now @param {number[]} cell @param {number} width */
  function show(now, cell, width) {
    made = now;
    zoom = zoomFor(made, width);
    node.style.setProperty("--weight", `${weightWidth(width)}px`);
    const channel = model.get("shape")[0] === 3 ? model.get("channel") : "";
    photo.caption.innerHTML = `Input ${made.height} × ${made.width}<small>${channel}</small>`;
    caption.innerHTML = `Kernel ${made.kernel.length} × ${made.kernel[0].length}<small></small>`;
    const extent = `from ${figures(made.low)} to ${figures(made.high)}`;
    map.caption.innerHTML = `Map ${made.rows} × ${made.columns}<small>${extent}</small>`;
    editor.show(made.kernel, false);
    paintGrey(photo.canvas, made, zoom);
    paintSigned(map.canvas, made, zoom);
    const k = { rows: made.kernel.length, columns: made.kernel[0].length };
    mark(photo.canvas, { row: cell[0], column: cell[1], ...k }, zoom);
    mark(map.canvas, { row: cell[0], column: cell[1], rows: 1, columns: 1 }, zoom);
    showScale(middle, made.scale);
  }
  return { node, show };
}

/** @param {string} role @param {string} label */
function picture(role, label) {
  const made = panel(role, label);
  const canvas = element("canvas", { "aria-hidden": "true" });
  made.board.append(canvas);
  made.board.classList.add("cnn-photo");
  return { ...made, canvas };
}

/** Screen pixels of one pixel, so that the three stand side by side where there is room.
 * @param {Made} made @param {number} width */
function zoomFor(made, width) {
  const beside =
    (width - made.kernel[0].length * weightWidth(width) - 4 - 2 * 22 - 4 * 12 - 16) /
    (made.width + made.columns);
  const below = width / made.width;
  return clamp(
    beside * made.width >= 160 ? beside : Math.min(below, 1.4),
    0.2,
    384 / Math.max(made.width, made.height),
  );
}

/** The canvas at the screen's own resolution, and its scale in device pixels.
 * @param {HTMLCanvasElement} canvas @param {number} width @param {number} height @param {number} zoom */
function resize(canvas, width, height, zoom) {
  const ratio = window.devicePixelRatio || 1;
  canvas.width = Math.round(width * zoom * ratio);
  canvas.height = Math.round(height * zoom * ratio);
  canvas.style.width = `${width * zoom}px`;
  canvas.style.height = `${height * zoom}px`;
}

/** @param {HTMLCanvasElement} canvas @param {number} width @param {number} height @param {number} zoom
 * @param {(pixels: Uint32Array) => void} fill */
function paint(canvas, width, height, zoom, fill) {
  const small = new OffscreenCanvas(width, height);
  const context = /** @type {any} */ (small.getContext("2d"));
  const image = context.createImageData(width, height);
  fill(new Uint32Array(image.data.buffer));
  context.putImageData(image, 0, 0);
  resize(canvas, width, height, zoom);
  const on = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  on.imageSmoothingEnabled = canvas.width < width;
  on.drawImage(small, 0, 0, canvas.width, canvas.height);
}

const pack = (/** @type {number[]} */ [r, g, b]) => ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0;
const GREYS = Uint32Array.from(range(256), (level) => pack([level, level, level]));
const HALF = 255; // steps of the signed map on either side of zero
const SIGNED = Uint32Array.from(range(2 * HALF + 1), (i) => pack(signed(i - HALF, HALF)));

/** @param {HTMLCanvasElement} canvas @param {Made} made @param {number} zoom */
const paintGrey = (canvas, made, zoom) =>
  paint(canvas, made.width, made.height, zoom, (pixels) => {
    for (let i = 0; i < pixels.length; i++) pixels[i] = GREYS[Math.round(made.input[i] * 255)];
  });

/** @param {HTMLCanvasElement} canvas @param {Made} made @param {number} zoom */
const paintSigned = (canvas, made, zoom) =>
  paint(canvas, made.columns, made.rows, zoom, (pixels) => {
    const step = made.scale ? HALF / made.scale : 0;
    for (let i = 0; i < pixels.length; i++) pixels[i] = SIGNED[Math.round(made.map[i] * step) + HALF];
  });

/** The window or cell that is read: thick and dashed, at least 12 pixels wide so that it is seen.
 * @param {HTMLCanvasElement} canvas @param {{row: number, column: number, rows: number, columns: number}} box
 * @param {number} zoom */
function mark(canvas, box, zoom) {
  const on = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const ratio = window.devicePixelRatio || 1;
  const [x, y] = [(box.column + box.columns / 2) * zoom, (box.row + box.rows / 2) * zoom];
  const [w, h] = [Math.max(12, box.columns * zoom + 3), Math.max(12, box.rows * zoom + 3)];
  on.setTransform(ratio, 0, 0, ratio, 0, 0);
  for (const [colour, thick, dash] of /** @type {[string, number, number[]][]} */ ([
    ["attention", 3.5, []],
    ["dash", 1.5, [4, 3]],
  ])) {
    on.strokeStyle =
      colour === "dash" ? "#000" : getComputedStyle(canvas).getPropertyValue("--cnn-attention");
    on.lineWidth = thick;
    on.setLineDash(dash);
    on.strokeRect(x - w / 2, y - h / 2, w, h);
  }
}

// ---- the scale of the map's colours

function makeScale() {
  const stops = range(11)
    .map((i) => css(signed(i - 5, 5)))
    .join(",");
  return element(
    "div",
    { class: "cnn-scale" },
    element("div", { class: "cnn-scale-bar", style: `background:linear-gradient(90deg,${stops})` }),
    element(
      "div",
      { class: "cnn-scale-ends" },
      ...["low", "zero", "high"].map((end) => element("span", { class: end })),
    ),
  );
}

/** @param {HTMLElement} node @param {number} scale */
function showScale(node, scale) {
  const ends = { low: -scale, zero: 0, high: scale };
  for (const [end, value] of Object.entries(ends))
    /** @type {HTMLElement} */ (node.querySelector(`.${end}`)).textContent = figures(value);
}

/** @param {Model} model @param {Made} made @param {number[]} cell */
function spoken(model, made, cell) {
  const value = made.map[cell[0] * made.columns + cell[1]];
  const after = model.get("relu") ? " after the ReLU" : "";
  return (
    `Map [${cell[0]}, ${cell[1]}] = ${figures(value)}${after}. ` +
    `The map runs from ${figures(made.low)} to ${figures(made.high)}.`
  );
}

export default { render };
