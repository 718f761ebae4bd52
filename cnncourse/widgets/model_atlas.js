// @ts-check
import {
  assign,
  element,
  onArrows,
  onDrag,
  palette,
  panel,
  select,
  signed,
  widget,
} from "./_draw.js";
import { clamp, figures, range } from "./_math.js";

/** @typedef {import("./_draw.js").Model} Model */
/** @typedef {{at: number, count: number, size: number[], largest: number}} Maps */
/** @typedef {{name: string, kind: string, shape: number[], parameters: number, "multiply-adds": number,
 *             activations: number, sees: number[], maps?: Maps}} Row */
/** @typedef {{title: string, input: number[], rows: Row[]}} Entry */
/** @typedef {{x: number, width: number, side: number[]}} Slab */

const SETTINGS = ["network", "layer", "measure", "atlas", "pixels"];
/** @type {("parameters" | "multiply-adds" | "activations")[]} */
const MEASURES = ["parameters", "multiply-adds", "activations"];
const TALL = 150; // pixels of the largest side
const BARS = 96; // pixels below the layers, for the bars
const WIDE = 90; // pixels of the most channels
const GAP = 9;

/** @param {{model: Model, el: HTMLElement}} view */
function render(view) {
  const { model } = view;
  const controls = makeControls(model);
  const board = panel("output", "Layers. Left and right arrow keys choose one; Home and End the first and last.");
  board.caption.style.whiteSpace = "normal";
  const maps = element("div", { class: "cnn-working" });
  const chosen = () => /** @type {Entry} */ (model.get("atlas")[model.get("network")]);
  const choose = (/** @type {number} */ at) =>
    assign(model, { layer: clamp(at, 0, chosen().rows.length - 1) });

  /** @type {Slab[]} */ let slabs = [];
  onArrows(
    board.board,
    (rows, columns) => choose(model.get("layer") + rows + columns),
    (end) => choose(end === "Home" ? 0 : Infinity),
  );
  onDrag(board.board, (x) => choose(nearest(slabs, x)));
  return widget(view, "Model atlas", SETTINGS, [controls.node, board.figure, maps], (width) => {
    const entry = chosen();
    const at = Math.min(model.get("layer"), entry.rows.length - 1);
    slabs = place(entry, width - 6);
    controls.show(model);
    board.caption.innerHTML = captionMarkup(entry);
    board.board.innerHTML = pictureMarkup(entry, slabs, at, model.get("measure"));
    maps.replaceChildren(...mapsOf(entry.rows[at], model.get("pixels")));
    maps.hidden = !entry.rows[at].maps;
    return { said: spoken(entry, at) };
  });
}

/** @param {Model} model */
function makeControls(model) {
  const titles = model.get("atlas").map((/** @type {Entry} */ entry) => entry.title);
  const network = select("network", titles, (title) => assign(model, { network: titles.indexOf(title), layer: 0 }));
  const measure = select("bars show", MEASURES, (name) => assign(model, { measure: name }));
  const many = titles.length > 1 ? [network.node] : [];
  return {
    node: element("div", { class: "cnn-controls" }, ...many, measure.node),
    show(/** @type {Model} */ m) {
      network.show(titles[m.get("network")]);
      measure.show(m.get("measure"));
    },
  };
}

// ---- the layers, to scale

/** A dense layer's units as a square sheet of as many cells. @param {number[]} shape */
function extent(shape) {
  if (shape.length === 3) return { side: [shape[1], shape[2]], depth: shape[0] };
  const units = shape.reduce((product, n) => product * n, 1);
  return { side: [Math.sqrt(units), Math.sqrt(units)], depth: 1 };
}

/** Where every layer stands: sides share one scale, channels another, so that all fit the width.
 * @param {Entry} entry @param {number} width @returns {Slab[]} */
function place(entry, width) {
  const all = entry.rows.map((row) => extent(row.shape));
  const zoom = TALL / Math.max(...all.flatMap(({ side }) => side), ...entry.input.slice(1));
  const channels = all.reduce((sum, { depth }) => sum + depth, 0);
  const gap = Math.min(GAP, (0.4 * width) / all.length);
  const least = Math.max(2, Math.min(5, (0.25 * width) / all.length));
  const room = Math.max(0, width - all.length * (gap + least)) / channels;
  const thick = Math.min(room, WIDE / Math.max(...all.map(({ depth }) => depth)));
  let x = 0;
  return all.map(({ side, depth }) => {
    const wide = Math.max(least, depth * thick);
    const slab = { x, width: wide, side: side.map((n) => Math.max(2, n * zoom)) };
    x += wide + gap;
    return slab;
  });
}

/** @param {Slab[]} slabs @param {number} x */
function nearest(slabs, x) {
  const away = slabs.map((slab) => Math.abs(slab.x + slab.width / 2 + 4 - x));
  return away.indexOf(Math.min(...away));
}

/** @param {Entry} entry */
function captionMarkup(entry) {
  const layers = `${entry.rows.length} layers to scale`;
  const input = entry.input.join(" × ");
  return (
    `${escaped(entry.title)}, on ${input}<small>${layers}: height is the maps' side, width their number; ` +
    "a dense layer is a square sheet of its units</small>"
  );
}

/** @param {Entry} entry @param {Slab[]} slabs @param {number} at @param {typeof MEASURES[number]} measure */
function pictureMarkup(entry, slabs, at, measure) {
  const last = slabs[slabs.length - 1];
  const [width, height] = [last.x + last.width + 8, TALL + BARS + 8];
  const most = Math.max(1, ...entry.rows.map((row) => row[measure]));
  const body = slabs.map((slab, i) => layerMarkup(entry.rows[i], slab, i === at, measure, most)).join("");
  const total = entry.rows.reduce((sum, row) => sum + row[measure], 0);
  const share = figures((100 * entry.rows[at][measure]) / (total || 1));
  const text = `${measure}: ${spell(entry.rows[at][measure])} of ${spell(total)}, ${share} %`;
  return (
    `<svg width="${width}" height="${height + 18}" viewBox="-4 -4 ${width} ${height + 18}" aria-hidden="true">` +
    `${body}<text class="cnn-left" x="0" y="${TALL + BARS + 8}">${text}</text></svg>`
  );
}

/** @type {Record<string, string>} */
const ROLE = { parameters: "kernel", "multiply-adds": "padding", activations: "output" };

/** @param {Row} row @param {Slab} slab @param {boolean} active @param {typeof MEASURES[number]} measure
 * @param {number} most */
function layerMarkup(row, slab, active, measure, most) {
  const top = (TALL - slab.side[0]) / 2;
  const box = `x="${slab.x}" y="${top}" width="${slab.width}" height="${slab.side[0]}"`;
  const weights = row.parameters > 0;
  const fill = palette[weights ? "output" : "padding"];
  const bar = (row[measure] / most) * (BARS - 26);
  const lower = TALL + BARS - 8;
  const marked = active
    ? `<rect class="cnn-active" ${box}/><rect class="cnn-active-dash" ${box}/>`
    : "";
  return (
    `<g data-layer="${escaped(row.name)}"><rect ${box} fill="${fill}" fill-opacity="${weights ? 0.75 : 0.4}" ` +
    `stroke="currentColor" stroke-width="0.7"${weights ? "" : ' stroke-dasharray="2 2"'}/>` +
    `<rect data-bar="" x="${slab.x}" y="${lower - bar}" width="${slab.width}" height="${bar}" ` +
    `fill="${palette[ROLE[measure]]}"/><path d="M${slab.x} ${lower}h${slab.width}" stroke="currentColor"/>` +
    `${marked}</g>`
  );
}

// ---- the feature maps of the chosen layer

/** @param {Row} row @param {any} bytes */
function mapsOf(row, bytes) {
  if (!row.maps) return [];
  const all = bytes.buffer ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength) : new Uint8Array(bytes);
  const { at, count, size, largest } = row.maps;
  const one = size[0] * size[1];
  const canvases = range(count).map((i) => mapCanvas(all.subarray(at + i * one, at + (i + 1) * one), size));
  const heading = element(
    "p",
    { class: "cnn-heading" },
    `maps 0 to ${count - 1} of ${row.shape[0]} after ${row.name}: purple below zero, orange above, ` +
      `up to ${figures(largest)}`,
  );
  const shelf = element("div", { class: "cnn-stage" }, ...canvases);
  shelf.style.gap = "6px";
  return [element("div", {}, heading, shelf)];
}

/** @param {Uint8Array} values @param {number[]} size */
function mapCanvas(values, [height, width]) {
  const canvas = element("canvas", { width: String(width), height: String(height), "aria-hidden": "true" });
  const zoom = 72 / Math.max(height, width);
  Object.assign(canvas.style, {
    width: `${width * zoom}px`,
    height: `${height * zoom}px`,
    imageRendering: "pixelated",
    border: "1px solid var(--line)",
  });
  const on = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const image = on.createImageData(width, height);
  values.forEach((v, i) => image.data.set([...signed((v - 128) / 127, 1), 255], 4 * i));
  on.putImageData(image, 0, 0);
  return canvas;
}

// ---- in words

/** @param {Entry} entry @param {number} at */
function spoken(entry, at) {
  const row = entry.rows[at];
  const sees = row.sees.length
    ? ` A value sees ${row.sees.join(" × ")} pixels.`
    : row.shape.length === 1
      ? " A value sees the whole picture."
      : "";
  const weights = row.parameters
    ? `${spell(row.parameters)} parameters (${percent(entry, row, "parameters")})`
    : "no parameters";
  const work = row["multiply-adds"]
    ? `${spell(row["multiply-adds"])} multiply-adds (${percent(entry, row, "multiply-adds")})`
    : "no multiply-adds";
  return (
    `Layer ${at + 1} of ${entry.rows.length}, ${row.name}, ${row.kind}: ${row.shape.join(" × ")}, ` +
    `${spell(row.activations)} activations; ${weights}; ${work}.${sees}`
  );
}

/** @param {Entry} entry @param {Row} row @param {typeof MEASURES[number]} measure */
function percent(entry, row, measure) {
  const total = entry.rows.reduce((sum, each) => sum + each[measure], 0);
  return `${figures((100 * row[measure]) / total)} %`;
}

/** @param {number} n */
const spell = (n) => String(n).replace(/\B(?=(\d{3})+$)/g, ",");

/** @param {string} text */
const escaped = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/"/g, "&quot;");

export default { render };
