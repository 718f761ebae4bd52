// @ts-check
// What the widgets look like: colours, number grids, labelled controls. One place, so that a tensor looks the
// same in each of them.
import colours from "../palette.json";
import { clamp, figures, parse, same } from "./_math.js";

/** @typedef {import("./_math.js").Matrix} Matrix */
/** @typedef {() => void} Heard */
/** @typedef {{get(name: string): any, set(name: string, value: any): void, save_changes(): void,
 *             on(event: string, heard: Heard): void, off(event: string, heard: Heard): void}} Model */

/** @type {Record<string, any>} */
export const palette = colours;

// ---- page elements

/** @param {string} tag @param {Record<string, any>} [attributes] @param {...(Node | string)} children
 * @returns {any} */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes))
    if (value !== false) made.setAttribute(name, value === true ? "" : value);
  made.append(...children);
  return made;
}

// Jupyter Notebook 7 takes the arrow keys unless the focused element itself carries this.
const KEEP_KEYS = { "data-lm-suppress-shortcuts": "true" };

let made = 0;
/** An id that no other element of the page has. */
export const uniqueId = () => `cnn-${(made += 1)}-${Math.random().toString(36).slice(2, 8)}`;

/** @param {Model} model @param {Record<string, any>} values */
export function assign(model, values) {
  for (const [name, value] of Object.entries(values)) model.set(name, value);
  model.save_changes();
}

const INSET = 34; // what frame and padding take of a widget's width, in pixels

/** A widget: its parts in a frame, and below them what a screen reader hears. It is painted anew whenever a
 * setting or the width changes; returns what ends it.
 * @param {{model: Model, el: HTMLElement}} view @param {string} label @param {string[]} settings
 * @param {Node[]} parts
 * @param {(width: number) => {said: string, problem?: boolean}} paint the parts, in so many pixels */
export function widget({ model, el }, label, settings, parts, paint) {
  const root = frame(el, label);
  const status = element("p", { class: "cnn-status", role: "status" });
  root.append(...parts, status);

  function draw() {
    const started = performance.now();
    const { said, problem = false } = paint(root.clientWidth - INSET);
    status.textContent = said;
    status.classList.toggle("cnn-problem", problem);
    root.dataset.repaint = (performance.now() - started).toFixed(1); // read by the latency tests
  }
  const stop = [follow(model, settings, draw), onResize(root, draw)];
  draw();
  return () => {
    stop.forEach((end) => end());
    root.remove();
  };
}

/** The frame of a widget, with the palette as CSS variables.
 * @param {HTMLElement} el @param {string} label */
function frame(el, label) {
  const root = element("div", { class: "cnn", role: "group", "aria-label": label });
  for (const role of ["input", "kernel", "output", "attention", "padding"])
    root.style.setProperty(`--cnn-${role}`, palette[role]);
  el.append(root);
  return root;
}

/** Draw when one of these changes; returns what stops it.
 * @param {Model} model @param {string[]} names @param {() => void} draw */
function follow(model, names, draw) {
  for (const name of names) model.on(`change:${name}`, draw);
  return () => {
    for (const name of names) model.off(`change:${name}`, draw);
  };
}

/** Call with the width whenever it changes; returns what stops it.
 * @param {HTMLElement} root @param {() => void} draw */
function onResize(root, draw) {
  let width = root.clientWidth;
  const observer = new ResizeObserver(() => {
    if (root.clientWidth === width) return;
    width = root.clientWidth;
    draw();
  });
  observer.observe(root);
  return () => observer.disconnect();
}

// ---- colours

/** @param {string} hex */
export const channels = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
/** @type {number[][]} */
const STOPS = palette.signed.map(channels);

/** Purple for negative, orange for positive, centred at zero. @param {number} v @param {number} scale
 * @returns {number[]} red, green, blue */
export function signed(v, scale) {
  const at = ((scale ? clamp(v / scale, -1, 1) + 1 : 1) / 2) * (STOPS.length - 1);
  const i = Math.min(Math.floor(at), STOPS.length - 2);
  return STOPS[i].map((from, c) => Math.round(from + (STOPS[i + 1][c] - from) * (at - i)));
}

/** Colours for the cells of one array, as cnncourse.display has them: the signed map if any value is
 * negative, else tints of its role; zero is white, the largest magnitude the end of the map.
 * @param {Matrix} values @param {"input" | "kernel" | "output"} role */
export function tint(values, role) {
  const scale = Math.max(0, ...values.flat().map(Math.abs));
  if (values.some((row) => row.some((v) => v < 0))) return (/** @type {number} */ v) => signed(v, scale);
  const full = channels(palette[role]).map((c) => 255 + (c - 255) * 0.75);
  return (/** @type {number} */ v) => full.map((c) => Math.round(255 + (c - 255) * (scale ? v / scale : 0)));
}

/** A number in a formula, underlined in the colour of its role.
 * @param {string} role @param {string | number} text */
export const inRole = (role, text) => `<i class="cnn-${role}">${text}</i>`;

/** @param {number[]} rgb */
export const css = (rgb) => `rgb(${rgb.join(",")})`;

/** Black or white, whichever is easier to read on a colour. @param {number[]} rgb */
export function inkOn(rgb) {
  const [r, g, b] = rgb.map((c) => (c / 255 <= 0.04045 ? c / 3294.6 : ((c / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.179 ? "#000" : "#fff";
}

// ---- grids of numbers, as SVG

/** @typedef {{text: string, fill: number[] | null, padding?: boolean, dropped?: boolean}} Cell */
/** @typedef {{row: number, column: number, rows: number, columns: number}} Box */

/** SVG of a grid of numbers. @param {Cell[][]} cells @param {number} size of a cell, in pixels
 * @param {string} marks more SVG, drawn on top */
export function gridMarkup(cells, size, marks = "") {
  const width = cells[0].length * size + 6;
  const height = cells.length * size + 6;
  const body = cells.map((row, i) => row.map((cell, j) => cellMarkup(cell, i, j, size)).join("")).join("");
  return (
    `<svg width="${width}" height="${height}" viewBox="-3 -3 ${width} ${height}" aria-hidden="true">` +
    `${body}${marks}</svg>`
  );
}

/** @param {Cell} cell @param {number} i @param {number} j @param {number} size */
function cellMarkup(cell, i, j, size) {
  const [x, y] = [j * size, i * size];
  const fill = cell.fill ? css(cell.fill) : "none";
  const kind = (cell.dropped ? ' data-dropped=""' : "") + (cell.padding ? ' data-padding=""' : "");
  const ink = cell.fill ? inkOn(cell.fill) : "currentColor";
  return (
    `<g data-cell="${i},${j}"${kind}>` +
    `<rect class="cnn-cell" x="${x}" y="${y}" width="${size}" height="${size}" fill="${fill}"/>` +
    (cell.padding ? paddingMarkup(x, y, size) : "") +
    numberMarkup(cell.text, x + size / 2, y + size / 2, size, ink) +
    (cell.dropped ? `<path class="cnn-cross" d="${cross(x, y, size)}"/>` : "") +
    "</g>"
  );
}

/** A number that fits its cell. @param {string} text @param {number} x @param {number} y @param {number} size
 * @param {string} ink */
function numberMarkup(text, x, y, size, ink) {
  const font = Math.min(13, size * 0.46, (size - 5) / (0.6 * Math.max(1, text.length)));
  return `<text x="${x}" y="${y}" font-size="${font.toFixed(1)}" fill="${ink}">${text}</text>`;
}

/** Grey and hatched. @param {number} x @param {number} y @param {number} s */
const paddingMarkup = (x, y, s) =>
  `<rect class="cnn-pad" x="${x}" y="${y}" width="${s}" height="${s}"/>` +
  `<path class="cnn-hatch" d="${hatch(x, y, s)}"/>`;

/** @param {number} x @param {number} y @param {number} s */
const hatch = (x, y, s) =>
  [0.5, 1, 1.5]
    .map((t) =>
      t <= 1
        ? `M${x} ${y + t * s}L${x + t * s} ${y}`
        : `M${x + (t - 1) * s} ${y + s}L${x + s} ${y + (t - 1) * s}`,
    )
    .join("");

/** @param {number} x @param {number} y @param {number} s */
const cross = (x, y, s) =>
  `M${x + 4} ${y + 4}L${x + s - 4} ${y + s - 4}M${x + s - 4} ${y + 4}L${x + 4} ${y + s - 4}`;

/** Outline of the active cell or window: thick, and dashed, so that colour is not the only cue.
 * @param {Box} box @param {number} size */
export function outline(box, size) {
  const at =
    `x="${box.column * size}" y="${box.row * size}" width="${box.columns * size}" ` +
    `height="${box.rows * size}"`;
  return `<rect class="cnn-active" ${at}/><rect class="cnn-active-dash" ${at}/>`;
}

/** Where the kernel's taps lie. @param {{row: number, column: number}} cell @param {number} size */
export const tap = (cell, size) =>
  `<rect class="cnn-tap" x="${cell.column * size + 2.5}" y="${cell.row * size + 2.5}" ` +
  `width="${size - 5}" height="${size - 5}"/>`;

/** A focusable picture with a caption: pointer and arrow keys report to `moved`.
 * @param {string} role of palette.json @param {string} label for a screen reader */
export function panel(role, label) {
  const caption = element("figcaption", { class: `cnn-caption cnn-${role}` });
  const board = element("div", {
    class: "cnn-board",
    tabindex: "0",
    role: "application",
    "aria-label": label,
    ...KEEP_KEYS,
  });
  return { figure: element("figure", { class: "cnn-panel" }, caption, board), caption, board };
}

/** @type {Record<string, number[]>} */
const STEPS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

/** Arrow keys call `by(rows, columns)`; Home and End call `to` with the first or last place.
 * @param {HTMLElement} board @param {(rows: number, columns: number) => void} by
 * @param {(end: "Home" | "End") => void} [to] */
export function onArrows(board, by, to) {
  board.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const step = STEPS[event.key];
    if (!step && !(to && (event.key === "Home" || event.key === "End"))) return;
    event.preventDefault();
    event.stopPropagation();
    if (step) by(step[0], step[1]);
    else to?.(/** @type {"Home" | "End"} */ (event.key));
  });
}

/** Press or drag calls `at(x, y)`, in pixels from the board's picture; touch works as a mouse does.
 * @param {HTMLElement} board @param {(x: number, y: number) => void} at */
export function onDrag(board, at) {
  const report = (/** @type {PointerEvent} */ event) => {
    const box = (board.firstElementChild ?? board).getBoundingClientRect();
    at(event.clientX - box.left, event.clientY - box.top);
  };
  board.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    board.setPointerCapture(event.pointerId);
    board.focus({ preventScroll: true });
    report(event);
  });
  board.addEventListener("pointermove", (event) => {
    if (board.hasPointerCapture(event.pointerId)) report(event);
  });
}

// ---- labelled, native controls

/** @param {string} text @param {HTMLElement} control @param {HTMLElement[]} more */
function field(text, control, ...more) {
  control.id = uniqueId();
  const label = element("label", { for: control.id }, text);
  return element(
    "div",
    { class: "cnn-field" },
    element("div", { class: "cnn-label" }, label, ...more),
    control,
  );
}

/** A whole or real number on a slider, with its value written beside the label.
 * @param {string} text @param {{min: number, max: number, step?: number}} limits
 * @param {(value: number) => void} changed */
export function slider(text, limits, changed) {
  const control = element("input", { type: "range", step: 1, ...limits, ...KEEP_KEYS });
  const shown = element("span", { class: "cnn-value", "aria-hidden": "true" }); // the slider says it itself
  control.addEventListener("input", () => changed(Number(control.value)));
  return {
    node: field(text, control, shown),
    show(/** @type {number} */ value) {
      control.value = String(value);
      shown.textContent = figures(value);
    },
  };
}

/** A whole number to type or step. @param {string} text @param {{min: number, max: number}} limits
 * @param {(value: number) => void} changed */
export function numberField(text, limits, changed) {
  const control = element("input", { type: "number", step: 1, ...limits, ...KEEP_KEYS });
  control.addEventListener("input", () => {
    const value = Number(control.value);
    if (control.value !== "" && Number.isInteger(value)) changed(clamp(value, limits.min, limits.max));
  });
  let last = limits.min;
  control.addEventListener("blur", () => {
    control.value = String(last);
  });
  return {
    node: field(text, control),
    show(/** @type {number} */ value) {
      last = value;
      if (document.activeElement !== control || Number(control.value) !== value)
        control.value = String(value);
    },
  };
}

/** @param {string} text @param {string[]} names @param {(name: string) => void} changed */
export function select(text, names, changed) {
  const control = element("select", KEEP_KEYS);
  const own = element("option", { value: "", disabled: true, hidden: true }, "your own");
  control.append(...names.map((name) => element("option", { value: name }, name)), own);
  control.addEventListener("change", () => changed(control.value));
  return {
    node: field(text, control),
    show(/** @type {string} */ name) {
      control.value = names.includes(name) ? name : "";
    },
  };
}

/** @param {string} text @param {(on: boolean) => void} changed */
export function checkbox(text, changed) {
  const control = element("input", { type: "checkbox", ...KEEP_KEYS });
  control.addEventListener("change", () => changed(control.checked));
  return {
    node: element("label", { class: "cnn-check" }, control, text),
    show(/** @type {boolean} */ on) {
      control.checked = on;
    },
  };
}

/** The preset whose values these are, or "".
 * @param {Record<string, Matrix>} presets @param {Matrix} values */
export const presetName = (presets, values) =>
  Object.keys(presets).find((name) => same(presets[name], values)) ?? "";

// ---- a kernel that can be typed into

/** Pixels of a weight's field, in a stage of this width. @param {number} width */
export const weightWidth = (width) => (width < 640 ? 36 : 42);

/** A grid of number fields: type a value (1/9 is one), or press the up and down arrows.
 * @param {(kernel: Matrix) => void} changed */
export function kernelEditor(changed) {
  const node = element("div", { class: "cnn-weights", role: "group", "aria-label": "Kernel weights" });
  /** @type {Matrix} */ let kernel = [];
  /** @type {HTMLInputElement[][]} */ let inputs = [];

  /** @param {number} i @param {number} j @param {number} value */
  const put = (i, j, value) =>
    changed(kernel.map((row, a) => row.map((w, b) => (a === i && b === j ? value : w))));

  function build() {
    inputs = kernel.map((row, i) => row.map((_, j) => weightField(i, j)));
    node.style.setProperty("--columns", String(kernel[0].length));
    node.replaceChildren(...inputs.flat());
  }

  /** @param {number} i @param {number} j */
  function weightField(i, j) {
    const input = element("input", {
      type: "text",
      inputmode: "decimal",
      autocomplete: "off",
      ...KEEP_KEYS,
      "aria-label": `Kernel weight, row ${i}, column ${j}`,
    });
    input.addEventListener("input", () => {
      const value = parse(input.value);
      input.setAttribute("aria-invalid", String(Number.isNaN(value)));
      if (!Number.isNaN(value)) put(i, j, value);
    });
    input.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
      if (input.readOnly || (event.key !== "ArrowUp" && event.key !== "ArrowDown")) return;
      event.preventDefault();
      const by = (event.key === "ArrowUp" ? 1 : -1) * (event.shiftKey ? 0.1 : 1);
      const value = Math.round((kernel[i][j] + by) * 1e6) / 1e6;
      input.value = figures(value);
      put(i, j, value);
    });
    input.addEventListener("focus", () => input.select());
    input.addEventListener("blur", () => write(input, kernel[i][j]));
    return input;
  }

  /** @param {HTMLInputElement} input @param {number} value */
  function write(input, value) {
    input.value = figures(value);
    input.setAttribute("aria-invalid", "false");
  }

  /** @param {Matrix} values @param {boolean} readOnly */
  function show(values, readOnly) {
    const rebuilt = kernel.length !== values.length || kernel[0].length !== values[0].length;
    kernel = values;
    if (rebuilt) build();
    const colour = tint(kernel, "kernel");
    inputs.flat().forEach((input, at) => {
      const value = kernel.flat()[at];
      const rgb = colour(value);
      input.style.background = css(rgb);
      input.style.color = inkOn(rgb);
      input.readOnly = readOnly;
      if (
        document.activeElement !== input ||
        (parse(input.value) !== value && input.getAttribute("aria-invalid") !== "true")
      )
        write(input, value);
    });
  }
  return { node, show };
}
