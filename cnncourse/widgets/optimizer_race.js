// @ts-check
import surfaces from "./surfaces.json";
import { OPTIMIZERS, SURFACES, bestRate, endOf, pathOf } from "./_descent.js";
import {
  assign,
  checkbox,
  element,
  onArrows,
  onDrag,
  palette,
  panel,
  select,
  slider,
  widget,
} from "./_draw.js";
import { clamp, figures, range } from "./_math.js";

/** @typedef {import("./_draw.js").Model} Model */
/** @typedef {import("./_descent.js").Point} Point */
/** @typedef {{name: string, rate: number, path: Point[], end: number, hidden: boolean}} Runner */

/** @type {Record<string, any>} */
const about = surfaces;
const SETTINGS = ["surface", "learning_rate", "tuned", "steps", "start", "hidden"];
const NAMES = Object.keys(OPTIMIZERS);

// As in the training curves: colour, mark and dash together tell the seven apart, and so does each alone.
const INK = "#24292f";
/** @type {Record<string, {colour: string, mark: string, dash: string}>} */
const LOOKS = Object.fromEntries(
  [
    [palette.input, "circle", ""],
    [palette.kernel, "square", "9 4"],
    [palette.output, "up", "2.5 3"],
    [palette.signed[2], "diamond", "9 3 2.5 3"],
    [palette.attention, "down", "16 4"],
    [palette.padding, "plus", "5 3"],
    [INK, "cross", "1.5 2.5"],
  ].map(([colour, mark, dash], i) => [NAMES[i], { colour, mark, dash }]),
);

/** @param {{model: Model, el: HTMLElement}} view */
function render(view) {
  const { model } = view;
  const controls = makeControls(model);
  const board = makeBoard(model);
  const table = makeTable(model);
  const stage = element("div", { class: "cnn-stage" }, board.figure, table.node);
  return widget(view, "Optimiser race", SETTINGS, [controls.node, stage], (width) => {
    const runners = race(model);
    controls.show(model);
    board.show(runners, width);
    table.show(runners, model);
    return { said: spoken(runners, model) };
  });
}

/** @param {Model} model @returns {Runner[]} */
function race(model) {
  const [surface, start, steps] = [model.get("surface"), model.get("start"), model.get("steps")];
  return NAMES.map((name) => {
    const rate = model.get("tuned") ? bestRate(name, surface, start, steps) : model.get("learning_rate");
    const path = pathOf(name, surface, start, rate, steps);
    return { name, rate, path, end: endOf(surface, path), hidden: model.get("hidden").includes(name) };
  });
}

// ---- controls

/** @param {Model} model */
function makeControls(model) {
  const surface = select("surface", Object.keys(about), (name) =>
    assign(model, { surface: name, start: about[name].start }),
  );
  const rate = rateSlider((value) => assign(model, { learning_rate: value }));
  const steps = slider("steps", { min: 1, max: 300 }, (value) => assign(model, { steps: value }));
  const tuned = checkbox("each at its own best rate", (on) => assign(model, { tuned: on }));
  const nodes = [surface, rate, steps, tuned].map((control) => control.node);
  return {
    node: element("div", { class: "cnn-controls" }, ...nodes),
    show(/** @type {Model} */ m) {
      surface.show(m.get("surface"));
      rate.show(m.get("learning_rate"), m.get("tuned"));
      steps.show(m.get("steps"));
      tuned.show(m.get("tuned"));
    },
  };
}

/** A slider over powers of ten, eight to a factor of ten. @param {(rate: number) => void} changed */
function rateSlider(changed) {
  const inner = slider("learning rate", { min: -4, max: 1, step: 0.125 }, (power) =>
    changed(Number((10 ** power).toPrecision(2))),
  );
  const control = inner.node.querySelector("input");
  return {
    node: inner.node,
    show(/** @type {number} */ rate, /** @type {boolean} */ off) {
      inner.show(Math.log10(rate));
      control.disabled = off;
      control.setAttribute("aria-valuetext", figures(rate));
      inner.node.querySelector(".cnn-value").textContent = off ? "own" : figures(rate);
    },
  };
}

// ---- the map

/** @param {Model} model */
function makeBoard(model) {
  const { figure, caption, board } = panel(
    "input",
    "Map of the surface. Arrow keys or a drag move the start; Home puts it back.",
  );
  board.style.cursor = "crosshair";
  let [width, height] = [480, 320];
  const box = () => about[model.get("surface")].box;
  const put = (/** @type {number} */ x, /** @type {number} */ y) => {
    const [x0, x1, y0, y1] = box();
    const tidy = (/** @type {number} */ v) => Math.round(v * 100) / 100;
    assign(model, { start: [tidy(clamp(x, x0, x1)), tidy(clamp(y, y0, y1))] });
  };
  onArrows(
    board,
    (down, right) => put(model.get("start")[0] + right / 10, model.get("start")[1] - down / 10),
    (end) => end === "Home" && put(...about[model.get("surface")].start),
  );
  onDrag(board, (px, py) => {
    const [x0, x1, y0, y1] = box();
    put(x0 + (px / width) * (x1 - x0), y1 - (py / height) * (y1 - y0));
  });

  /** @param {Runner[]} runners @param {number} room */
  function show(runners, room) {
    const name = model.get("surface");
    const [x0, x1, y0, y1] = box();
    width = clamp(room > 760 ? room - 390 : room, 220, 560); // the table needs the rest
    height = (width * (y1 - y0)) / (x1 - x0);
    const at = (/** @type {Point} */ [x, y]) => [
      ((x - x0) / (x1 - x0)) * width,
      ((y1 - y) / (y1 - y0)) * height,
    ];
    caption.innerHTML = `${about[name].formula}<small>${about[name].about}</small>`;
    caption.style.whiteSpace = "normal";
    caption.style.maxWidth = `${width}px`;
    const lines = runners.filter((r) => !r.hidden).map((r) => lineMarkup(r, at));
    board.innerHTML =
      `<svg width="${width}" height="${height}" style="background:#fff;overflow:hidden" aria-hidden="true">` +
      `<image href="${relief(name)}" width="${width}" height="${height}" preserveAspectRatio="none"/>` +
      `${lines.join("")}${startMarkup(at(model.get("start")))}</svg>`;
  }
  return { figure, show };
}

/** @type {Record<string, string>} */
const reliefs = {};

/** The surface as grey bands, lower is darker: an image, drawn once. @param {string} name */
function relief(name) {
  if (reliefs[name]) return reliefs[name];
  const [x0, x1, y0, y1] = about[name].box;
  const [columns, rows] = [480, Math.round((480 * (y1 - y0)) / (x1 - x0))];
  const { f } = SURFACES[name];
  const heights = range(columns * rows).map((i) =>
    f(x0 + (((i % columns) + 0.5) / columns) * (x1 - x0), y1 - ((Math.floor(i / columns) + 0.5) / rows) * (y1 - y0)),
  );
  const low = heights.reduce((a, b) => Math.min(a, b));
  const high = heights.reduce((a, b) => Math.max(a, b));
  const band = heights.map((h) => Math.floor(16 * Math.sqrt((h - low) / (high - low))));
  const canvas = element("canvas", { width: columns, height: rows });
  const context = canvas.getContext("2d");
  const image = context.createImageData(columns, rows);
  const pixels = new Uint32Array(image.data.buffer);
  for (let i = 0; i < pixels.length; i++) {
    const edge = band[i] !== band[i + 1] || band[i] !== band[i + columns];
    const grey = edge ? 200 : 255 - 2 * (16 - band[i]);
    pixels[i] = ((255 << 24) | (grey << 16) | (grey << 8) | grey) >>> 0;
  }
  context.putImageData(image, 0, 0);
  return (reliefs[name] = canvas.toDataURL());
}

/** A path as far as it can be drawn, with its mark at every tenth step and at the end.
 * @param {Runner} runner @param {(p: Point) => number[]} at */
function lineMarkup({ name, path }, at) {
  const { colour, dash, mark } = LOOKS[name];
  const drawable = path.map(at);
  const lost = drawable.findIndex(([x, y]) => !(Math.abs(x) < 1e5 && Math.abs(y) < 1e5));
  const points = lost < 0 ? drawable : drawable.slice(0, lost);
  const line = points.map(([x, y]) => `${x.toFixed(2)},${y.toFixed(2)}`).join(" ");
  const every = Math.max(1, Math.ceil(points.length / 8));
  const marks = points
    .filter((_, i) => i > 0 && (i % every === 0 || i === points.length - 1))
    .map(([x, y], i, all) => markMarkup(mark, x, y, colour, i === all.length - 1 ? 5.5 : 3.5));
  return (
    `<g data-path="${name}"><polyline points="${line}" fill="none" stroke="#fff" stroke-width="4" opacity="0.6"/>` +
    `<polyline points="${line}" fill="none" stroke="${colour}" stroke-width="2" stroke-dasharray="${dash}"/>` +
    `${marks.join("")}</g>`
  );
}

/** @param {string} mark @param {number} x @param {number} y @param {string} colour @param {number} r */
function markMarkup(mark, x, y, colour, r) {
  /** @type {Record<string, string>} */
  const shapes = {
    circle: `M${-r} 0a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0z`,
    square: `M${-r} ${-r}h${2 * r}v${2 * r}h${-2 * r}z`,
    up: `M0 ${-r}L${r} ${r}H${-r}z`,
    down: `M0 ${r}L${r} ${-r}H${-r}z`,
    diamond: `M0 ${-1.3 * r}L${r} 0L0 ${1.3 * r}L${-r} 0z`,
    plus: `M${-r} 0H${r}M0 ${-r}V${r}`,
    cross: `M${-r} ${-r}L${r} ${r}M${-r} ${r}L${r} ${-r}`,
  };
  const open = mark === "plus" || mark === "cross";
  const paint = open ? `fill="none" stroke="${colour}" stroke-width="2.5"` : `fill="${colour}" stroke="#fff"`;
  return `<path d="${shapes[mark]}" transform="translate(${x.toFixed(2)} ${y.toFixed(2)})" ${paint}/>`;
}

/** @param {number[]} at */
const startMarkup = ([x, y]) =>
  `<circle cx="${x}" cy="${y}" r="8" fill="none" stroke="${palette.attention}" stroke-width="4"/>` +
  `<circle cx="${x}" cy="${y}" r="8" fill="none" stroke="#000" stroke-width="1.5" stroke-dasharray="4 3"/>`;

// ---- the table: who, at which rate, how low

/** @param {Model} model */
function makeTable(model) {
  const rows = NAMES.map((name) => makeRow(name, model));
  const cell = (/** @type {string} */ text) =>
    element("th", { scope: "col", style: "text-align:right;font-weight:normal;padding:2px 0 2px 14px" }, text);
  const ends = cell("f");
  const first = element("th", { scope: "col", style: "text-align:left;font-weight:normal" }, "optimiser");
  const head = element("tr", { style: "color:var(--soft);font-size:12px" }, first, cell("rate"), ends);
  const body = element("tbody", {}, ...rows.map((row) => row.node));
  return {
    node: element("table", { style: "border-collapse:collapse" }, element("thead", {}, head), body),
    show(/** @type {Runner[]} */ runners, /** @type {Model} */ m) {
      ends.textContent = `f after ${m.get("steps")} steps`;
      const lowest = lowestOf(runners);
      runners.forEach((runner, i) => rows[i].show(runner, runner === lowest));
    },
  };
}

/** @param {string} name @param {Model} model */
function makeRow(name, model) {
  const box = checkbox("", (on) =>
    assign(model, {
      hidden: on
        ? model.get("hidden").filter((/** @type {string} */ other) => other !== name)
        : [...model.get("hidden"), name],
    }),
  );
  const swatch = element("span", { "aria-hidden": "true", style: "background:#fff;border-radius:3px" });
  swatch.innerHTML = swatchMarkup(name);
  box.node.append(swatch, name);
  const number = () => element("td", { style: "text-align:right;padding:0 0 0 14px" });
  const [rate, end] = [number(), number()];
  const node = element("tr", { "data-optimizer": name }, element("td", {}, box.node), rate, end);
  return {
    node,
    show(/** @type {Runner} */ runner, /** @type {boolean} */ lowest) {
      box.show(!runner.hidden);
      rate.textContent = figures(runner.rate);
      end.textContent = Number.isNaN(runner.end) ? "diverged" : figures(runner.end);
      end.style.fontWeight = lowest ? "700" : "400";
    },
  };
}

/** @param {string} name */
function swatchMarkup(name) {
  const { colour, dash, mark } = LOOKS[name];
  const line = `<path d="M2 8H46" stroke="${colour}" stroke-width="2" stroke-dasharray="${dash}"/>`;
  return `<svg width="48" height="16" style="display:block">${line}${markMarkup(mark, 24, 8, colour, 4.5)}</svg>`;
}

/** @param {Runner[]} runners @returns {Runner | undefined} */
const lowestOf = (runners) =>
  runners.filter((r) => !Number.isNaN(r.end)).sort((a, b) => a.end - b.end)[0];

/** @param {Runner[]} runners @param {Model} model */
function spoken(runners, model) {
  const [x, y] = model.get("start");
  const lost = runners.filter((r) => Number.isNaN(r.end)).map((r) => r.name);
  const lowest = lowestOf(runners);
  const common = `learning rate ${figures(model.get("learning_rate"))}`;
  const rate = model.get("tuned") ? "each at its own best rate" : common;
  return (
    `From (${figures(x)}, ${figures(y)}), ${model.get("steps")} steps, ${rate}. ` +
    (lowest ? `Lowest: ${lowest.name} with f = ${figures(lowest.end)}. ` : "") +
    (lost.length ? `Diverged: ${lost.join(", ")}.` : "None diverged.")
  );
}

export default { render };
