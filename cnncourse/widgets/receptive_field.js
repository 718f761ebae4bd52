// @ts-check
import stacks from "./stacks.json";
import {
  assign,
  element,
  inRole,
  numberField,
  onArrows,
  onDrag,
  outline,
  panel,
  select,
  tint,
  widget,
} from "./_draw.js";
import { clamp, figures, range } from "./_math.js";
import { box, centre, core, fields, paths, problem, product, profile, sizes, unitAt } from "./_receptive.js";

/** @typedef {import("./_draw.js").Model} Model */
/** @typedef {import("./_receptive.js").Field} Field */
/** @typedef {{size: number[], map: number[], row: Field, column: Field, unit: number[], stack: boolean,
 *             heat: ArrayLike<number> | null, problem: string}} View */

/** @type {Record<string, number[][]>} */
const presets = stacks;
const LABEL = "Receptive field explorer";
const SETTINGS = ["layers", "size", "unit", "gradient", "gradient_unit"];
/** @type {[string, number, number][]} */
const LIMITS = [
  ["kernel", 1, 15],
  ["stride", 1, 8],
  ["padding", 0, 15],
  ["dilation", 1, 8],
];
const MOST_LAYERS = 10;
const PROFILE = 44; // pixels of the curve below the picture

/** @param {{model: Model, el: HTMLElement}} view */
function render(view) {
  const { model } = view;
  const stage = makeStage(model);
  if (model.get("module"))
    return widget(view, LABEL, SETTINGS, [stage.node], (width) => shown(stage, model, width));
  const controls = makeControls(model);
  const table = makeTable(model);
  const working = element("div", { class: "cnn-working" });
  const parts = [controls.node, table.node, stage.node, working];
  return widget(view, LABEL, SETTINGS, parts, (width) => {
    controls.show(model);
    table.show(model);
    working.innerHTML = workingMarkup(model.get("layers"));
    return shown(stage, model, width);
  });
}

/** Paint the stage, which a stack and a module share. @param {ReturnType<typeof makeStage>} stage
 * @param {Model} model @param {number} width */
function shown(stage, model, width) {
  const view = read(model);
  stage.show(view, width);
  return { said: view.problem || spoken(view, model.get("module")), problem: Boolean(view.problem) };
}

/** Everything that is drawn. @param {Model} model @returns {View} */
function read(model) {
  const [size, layers, stack] = [model.get("size"), model.get("layers"), !model.get("module")];
  const why = stack ? problem(layers, size) : "";
  const last = fields(layers)[layers.length];
  const [row, column] = stack ? [last, last] : model.get("fields").map(asField);
  const map = stack ? mapOf(layers, size) : model.get("map");
  const unit = model
    .get("unit")
    .map((/** @type {number} */ i, /** @type {number} */ axis) => clamp(i, 0, Math.max(0, map[axis] - 1)));
  if (!why && String(unit) !== String(model.get("unit"))) assign(model, { unit });
  const heat = why ? null : stack ? stackHeat(layers, size, unit) : measured(model, unit);
  return { size, map, row, column, unit, stack, heat, problem: why };
}

/** @param {number[]} axis @returns {Field} */
const asField = ([size, jump, start]) => ({ size, jump, start });

/** @param {number[][]} layers @param {number[]} size */
const mapOf = (layers, size) => size.map((n) => sizes(layers, n)[layers.length] ?? 0);

/** @param {number[][]} layers @param {number[]} size @param {number[]} unit */
const stackHeat = (layers, [height, width], unit) =>
  product(paths(layers, height, unit[0]), paths(layers, width, unit[1]));

/** The gradient that the kernel computed, if it is that of this unit. @param {Model} model
 * @param {number[]} unit */
function measured(model, unit) {
  if (String(model.get("gradient_unit")) !== String(unit)) return null;
  const bytes = model.get("gradient");
  const whole = bytes.buffer
    ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    : new Uint8Array(bytes);
  return new Float32Array(whole.slice().buffer);
}

// ---- the stack: its layers as a table of number fields

/** @param {Model} model */
function makeControls(model) {
  const choose = select("stack", Object.keys(presets), (name) => restack(model, presets[name]));
  const side = numberField("input size", { min: 4, max: 96 }, (n) =>
    restack(model, model.get("layers"), [n, n]),
  );
  const more = button("add a layer", () => {
    const layers = model.get("layers");
    restack(model, [...layers, layers[layers.length - 1] ?? [3, 1, 1, 1]]);
  });
  const fewer = button("remove the last", () => restack(model, model.get("layers").slice(0, -1)));
  return {
    node: element("div", { class: "cnn-controls" }, choose.node, side.node, more, fewer),
    show(/** @type {Model} */ m) {
      const layers = m.get("layers");
      const same = (/** @type {string} */ name) => String(presets[name]) === String(layers);
      choose.show(Object.keys(presets).find(same) ?? "");
      side.show(m.get("size")[0]);
      more.disabled = layers.length >= MOST_LAYERS;
      fewer.disabled = layers.length <= 1;
    },
  };
}

/** @param {string} text @param {() => void} pressed */
function button(text, pressed) {
  const made = element("button", { type: "button", class: "cnn-button" }, text);
  made.addEventListener("click", pressed);
  return made;
}

/** Take other layers, and the unit that looks where the old one looked.
 * @param {Model} model @param {number[][]} layers @param {number[]} size */
function restack(model, layers, size = model.get("size")) {
  const [was, now] = [model.get("layers"), layers].map((given) => fields(given)[given.length]);
  const [before, after] = [mapOf(model.get("layers"), model.get("size")), mapOf(layers, size)];
  const unit = model.get("unit").map((/** @type {number} */ i, /** @type {number} */ axis) => {
    if (size[axis] !== model.get("size")[axis] || !before[axis])
      return Math.floor(Math.max(0, after[axis] - 1) / 2);
    return Math.max(0, unitAt(now, centre(was, i), after[axis]));
  });
  assign(model, { layers, size, unit });
}

/** @param {Model} model */
function makeTable(model) {
  const node = element("table", { class: "cnn-layers" });
  const body = element("tbody");
  const heads = ["layer", ...LIMITS.map(([name]) => name), "map", "sees", "jump", "start"];
  const head = element("tr", {}, ...heads.map((text) => element("th", { scope: "col" }, text)));
  node.append(element("thead", {}, head), body);
  /** @type {{row: any, show: (layer: number[]) => void, said: any[]}[]} */ let rows = [];

  /** @param {number} at */
  function makeRow(at) {
    const inputs = LIMITS.map(([name, min, max], which) =>
      cellField(`layer ${at + 1} ${name}`, min, max, (value) => {
        const layers = model.get("layers").map((/** @type {number[]} */ layer) => [...layer]);
        layers[at][which] = value;
        restack(model, layers);
      }),
    );
    const said = range(4).map(() => element("td"));
    const cells = inputs.map((input) => element("td", {}, input.node));
    const row = element("tr", {}, element("th", { scope: "row" }, String(at + 1)), ...cells, ...said);
    return { row, said, show: (/** @type {number[]} */ layer) => inputs.forEach((f, i) => f.show(layer[i])) };
  }

  function show(/** @type {Model} */ m) {
    const [layers, size] = [m.get("layers"), m.get("size")];
    if (rows.length !== layers.length) {
      rows = range(layers.length).map((at) => rows[at] ?? makeRow(at));
      body.replaceChildren(...rows.map(({ row }) => row));
    }
    const [seen, down, across] = [fields(layers), sizes(layers, size[0]), sizes(layers, size[1])];
    rows.forEach((row, at) => {
      row.show(layers[at]);
      const there = down[at + 1] && across[at + 1];
      const field = seen[at + 1];
      const texts = [
        there ? `${down[at + 1]} × ${across[at + 1]}` : "none",
        `${field.size} × ${field.size}`,
        String(field.jump),
        figures(field.start),
      ];
      row.said.forEach((cell, i) => (cell.textContent = texts[i]));
    });
  }
  return { node, show };
}

/** A number field without a visible label: its column has one.
 * @param {string} label @param {number} min @param {number} max @param {(value: number) => void} changed */
function cellField(label, min, max, changed) {
  const made = numberField(label, { min, max }, changed);
  const input = /** @type {HTMLInputElement} */ (made.node.querySelector("input"));
  input.setAttribute("aria-label", label);
  input.remove();
  return { node: input, show: made.show };
}

// ---- the picture with its box, and the map with its unit

/** @param {Model} model */
function makeStage(model) {
  const input = panel("input", "Input. Arrow keys or a drag move the unit that looks at it.");
  const map = panel("output", "Last map. Arrow keys or a drag choose the unit.");
  const picture = element("div", { class: "cnn-heat" });
  const canvas = element("canvas", { "aria-hidden": "true" });
  const marks = element("div");
  picture.append(canvas, marks);
  input.board.append(picture);
  const sign = element("span", { class: "cnn-operator", "aria-hidden": "true" }, "→");
  const node = element("div", { class: "cnn-stage" }, input.figure, sign, map.figure);

  /** @type {View} */ let view;
  let zoom = 8;
  let cell = 8;
  let margin = 0;
  const inside = (/** @type {number[]} */ unit) =>
    unit.map((i, axis) => clamp(Math.floor(i), 0, Math.max(0, view.map[axis] - 1)));
  // A drag moves the box at once; where the kernel has to compute, it is asked when the drag ends.
  const move = (/** @type {number[]} */ unit) => {
    if (view.problem) return;
    model.set("unit", inside(unit));
    if (view.stack) model.save_changes();
  };
  const settle = () => model.save_changes();
  for (const { board } of [input, map]) {
    onArrows(
      board,
      (rows, columns) => {
        move([view.unit[0] + rows, view.unit[1] + columns]);
        settle();
      },
      (end) => {
        move(end === "Home" ? [0, 0] : [Infinity, Infinity]);
        settle();
      },
    );
    board.addEventListener("pointerup", settle);
  }
  onDrag(map.board, (x, y) => move([(y - 3) / cell, (x - 3) / cell]));
  onDrag(input.board, (x, y) =>
    move([
      at(view.row, y / zoom - margin - 0.5, view.map[0]),
      at(view.column, x / zoom - margin - 0.5, view.map[1]),
    ]),
  );

  /** @param {View} now @param {number} width */
  function show(now, width) {
    view = now;
    margin = now.problem ? 0 : overhang(now);
    zoom = clamp(Math.min(width, 400) / (Math.max(...now.size) + 2 * margin), 1, 12);
    cell = clamp(200 / Math.max(1, ...now.map), 2, 26);
    paintHeat(canvas, now, zoom, margin);
    marks.innerHTML = marksMarkup(now, zoom, margin);
    input.caption.innerHTML =
      `Input ${now.size.join(" × ")}` + `<small>${now.problem ? "" : `${seenText(now)} in the box`}</small>`;
    map.caption.innerHTML = `Last map ${now.map.join(" × ")}<small></small>`;
    map.board.innerHTML = now.problem ? '<div class="cnn-empty">no map</div>' : mapMarkup(now, cell);
  }
  return { node, show };
}

/** @param {Field} field @param {number} position @param {number} units */
const at = (field, position, units) => (field.jump ? unitAt(field, position, units) : 0);

/** How far the fields of the outermost units reach into the padding, at most as far as is worth drawing.
 * @param {View} view */
function overhang(view) {
  const far = [0, 1].map((axis) => {
    const field = axis ? view.column : view.row;
    const last = field.start + (view.map[axis] - 1) * field.jump + field.size;
    return Math.max(-field.start, last - view.size[axis], 0);
  });
  return Math.min(Math.max(...far), Math.ceil(Math.max(...view.size) / 2));
}

const seenText = (/** @type {View} */ view) => `${view.row.size} × ${view.column.size}`;

/** @param {HTMLCanvasElement} canvas @param {View} view @param {number} zoom @param {number} margin */
function paintHeat(canvas, view, zoom, margin) {
  const [height, width] = view.size;
  [canvas.width, canvas.height] = [width, height];
  Object.assign(canvas.style, {
    left: `${margin * zoom}px`,
    top: `${margin * zoom}px`,
    width: `${width * zoom}px`,
    height: `${height * zoom}px`,
  });
  const on = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const image = on.createImageData(width, height);
  const colour = tint([[1]], "input");
  let most = 0;
  for (let i = 0; view.heat && i < width * height; i++) most = Math.max(most, view.heat[i]);
  for (let i = 0; i < width * height; i++)
    image.data.set([...colour(view.heat && most ? view.heat[i] / most : 0), 255], 4 * i);
  on.putImageData(image, 0, 0);
}

/** The padding, the box and the heat's profile. @param {View} view @param {number} zoom @param {number} margin */
function marksMarkup(view, zoom, margin) {
  const [height, width] = view.size.map((n) => (n + 2 * margin) * zoom);
  const picture = [margin * zoom, view.size[1] * zoom, view.size[0] * zoom];
  const around = margin
    ? `<path class="cnn-around" fill-rule="evenodd" d="M0 0H${width}V${height}H0Z` +
      `M${picture[0]} ${picture[0]}h${picture[1]}v${picture[2]}h${-picture[1]}Z"/>`
    : "";
  const rim = `<rect class="cnn-rim" x="${picture[0]}" y="${picture[0]}" width="${picture[1]}" height="${picture[2]}"/>`;
  const id = `cnn-pad-${Math.random().toString(36).slice(2)}`;
  const hatch =
    `<defs><pattern id="${id}" width="6" height="6" patternUnits="userSpaceOnUse">` +
    `<path class="cnn-hatch" d="M0 6L6 0"/></pattern></defs>`;
  return (
    `<svg width="${width + 6}" height="${height + 6 + PROFILE}" viewBox="-3 -3 ${width + 6} ${height + 6 + PROFILE}" ` +
    `aria-hidden="true">${hatch}${around}${around.replace('class="cnn-around"', `fill="url(#${id})"`)}${rim}` +
    `${view.problem ? "" : boxMarkup(view, zoom, margin) + profileMarkup(view, zoom, margin, height)}</svg>`
  );
}

/** @param {View} view @param {number} zoom @param {number} margin */
function boxMarkup(view, zoom, margin) {
  const [top] = box(view.row, view.unit[0]);
  const [left] = box(view.column, view.unit[1]);
  return outline(
    { row: top + margin, column: left + margin, rows: view.row.size, columns: view.column.size },
    zoom,
  );
}

/** Heat added up over the rows, as a curve below the picture.
 * @param {View} view @param {number} zoom @param {number} margin @param {number} below */
function profileMarkup(view, zoom, margin, below) {
  if (!view.heat) return "";
  const sums = profile(view.heat, view.size);
  const most = Math.max(...sums) || 1;
  const base = below + PROFILE - 2;
  const steps = sums.map((sum, j) => {
    const y = (base - (sum / most) * (PROFILE - 8)).toFixed(1);
    return `L${((margin + j) * zoom).toFixed(1)} ${y}H${((margin + j + 1) * zoom).toFixed(1)}`;
  });
  const [from, to] = [margin * zoom, (margin + sums.length) * zoom];
  return `<path class="cnn-profile" d="M${from} ${base}${steps.join("")}L${to} ${base}Z"/>`;
}

/** @param {View} view @param {number} size */
function mapMarkup(view, size) {
  const [rows, columns] = view.map;
  const [height, width] = [rows * size, columns * size];
  const lines =
    size < 5
      ? ""
      : range(rows + 1)
          .map((i) => `M0 ${i * size}H${width}`)
          .join("") +
        range(columns + 1)
          .map((j) => `M${j * size} 0V${height}`)
          .join("");
  const cell = outline({ row: view.unit[0], column: view.unit[1], rows: 1, columns: 1 }, size);
  return (
    `<svg width="${width + 6}" height="${height + 6}" viewBox="-3 -3 ${width + 6} ${height + 6}" aria-hidden="true">` +
    `<rect class="cnn-map" width="${width}" height="${height}"/><path class="cnn-map-lines" d="${lines}"/>${cell}</svg>`
  );
}

// ---- in words

/** The recursion, filled in for the last layer. @param {number[][]} layers */
function workingMarkup(layers) {
  const all = fields(layers);
  const before = all[layers.length - 1];
  const after = all[layers.length];
  const [k, s, p, d] = layers[layers.length - 1];
  const kernel = (/** @type {number} */ v) => inRole("kernel", v);
  const lines = [
    `sees ← sees + dilation·(kernel − 1)·jump = ${before.size} + ${kernel(d)}·(${kernel(k)} − 1)·${before.jump} = ` +
      `<b>${after.size}</b>`,
    `start ← start − padding·jump = ${figures(before.start)} − ${inRole("padding", p)}·${before.jump} = ` +
      `<b>${figures(after.start)}</b>`,
    `jump ← jump·stride = ${before.jump}·${kernel(s)} = <b>${after.jump}</b>`,
  ];
  return (
    `<div><p class="cnn-heading">what layer ${layers.length} does to the field</p>` +
    `${lines.map((line) => `<p class="cnn-formula">${line}</p>`).join("")}</div>`
  );
}

/** @param {View} view @param {string} module */
function spoken(view, module) {
  const [i, j] = view.unit;
  const [rows, columns] = [box(view.row, i), box(view.column, j)];
  const outside = padded(rows, view.size[0]) || padded(columns, view.size[1]);
  const who = module ? `Unit [${i}, ${j}] of ${module}` : `Unit [${i}, ${j}]`;
  const where = `rows ${span(rows)} and columns ${span(columns)}`;
  const padding = outside ? " Part of its box is padding." : "";
  return `${who} can see ${seenText(view)} pixels: ${where}.${padding} ${heatText(view)}`;
}

/** @param {number[]} ends @param {number} n */
const padded = ([first, last], n) => first < 0 || last >= n;

/** @param {number[]} ends */
const span = ([first, last]) => `${figures(first)} to ${figures(last)}`;

/** @param {View} view */
function heatText(view) {
  if (!view.heat) return "Its heat is measured by Python, in a running notebook.";
  if (!profile(view.heat, view.size).some(Boolean)) return "No pixel of the input reaches it.";
  const sides = core(view.heat, view.size, view, view.unit);
  const area = (sides[0] * sides[1]) / (view.row.size * view.column.size);
  return `95 % of the heat lies within ${sides.join(" × ")} of them, ${Math.round(100 * area)} % of the box.`;
}

export default { render };
