// @ts-check
import stored from "./presets.json";
import {
  assign,
  checkbox,
  element,
  gridMarkup,
  inRole,
  kernelEditor,
  onArrows,
  onDrag,
  outline,
  panel,
  presetName,
  select,
  slider,
  tap,
  tint,
  weightWidth,
  widget,
} from "./_draw.js";
import {
  clamp,
  convolve,
  figures,
  geometry,
  isRounded,
  laid,
  paddedValue,
  problem,
  range,
  spanOf,
  sum,
  terms,
  windowAt,
} from "./_math.js";

/** @typedef {import("./_math.js").Convolution} Convolution */
/** @typedef {import("./_draw.js").Model} Model */

/** @type {{images: Record<string, number[][]>, kernels: Record<string, number[][]>}} */
const presets = stored;
const SETTINGS = ["image", "kernel", "stride", "padding", "mode", "dilation", "flip"];
const MODES = ["zeros", "reflect", "replicate", "circular"];

/** @param {Model} model @returns {Convolution} */
const read = (model) =>
  /** @type {any} */ (Object.fromEntries(SETTINGS.map((name) => [name, model.get(name)])));

/** @param {{model: Model, el: HTMLElement}} view */
function render(view) {
  const { model } = view;
  const controls = makeControls(model);
  const stage = makeStage(model);
  const working = element("div", { class: "cnn-working" });
  const parts = [controls.node, stage.node, working];
  return widget(view, "Convolution explorer", [...SETTINGS, "cell"], parts, (width) => {
    const c = read(model);
    const cell = settle(model, c);
    const wrong = problem(c);
    controls.show(c);
    stage.show(c, cell, width);
    working.innerHTML = wrong ? "" : workingMarkup(c, cell);
    working.hidden = Boolean(wrong);
    return { said: wrong || spoken(c, cell), problem: Boolean(wrong) };
  });
}

/** The chosen cell, moved inside the output and written back, so that Python reads what is drawn.
 * @param {Model} model @param {Convolution} c */
function settle(model, c) {
  const { rows, columns } = geometry(c);
  const [i, j] = model.get("cell");
  const cell = [clamp(i, 0, Math.max(0, rows.out - 1)), clamp(j, 0, Math.max(0, columns.out - 1))];
  if (cell[0] !== i || cell[1] !== j) assign(model, { cell });
  return cell;
}

// ---- controls

/** @param {Model} model */
function makeControls(model) {
  const put = (/** @type {string} */ name) => (/** @type {any} */ value) => assign(model, { [name]: value });
  /** @type {Record<string, {node: any, show: (value: any) => void}>} */
  const all = {
    image: select("image", Object.keys(presets.images), (name) => put("image")(presets.images[name])),
    kernel: select("kernel", Object.keys(presets.kernels), (name) => put("kernel")(presets.kernels[name])),
    stride: slider("stride", { min: 1, max: 4 }, put("stride")),
    padding: slider("padding", { min: 0, max: 4 }, put("padding")),
    mode: select("padding mode", MODES, put("mode")),
    dilation: slider("dilation", { min: 1, max: 3 }, put("dilation")),
    flip: checkbox("flip the kernel", put("flip")),
  };
  const node = element("div", { class: "cnn-controls" });
  node.append(...model.get("controls").map((/** @type {string} */ name) => all[name].node));
  return {
    node,
    show(/** @type {Convolution} */ c) {
      all.image.show(presetName(presets.images, c.image));
      all.kernel.show(presetName(presets.kernels, c.kernel));
      all.stride.show(c.stride);
      all.padding.show(c.padding);
      all.mode.show(c.mode);
      all.dilation.show(c.dilation);
      all.flip.show(c.flip);
    },
  };
}

// ---- input ∗ kernel = output

/** @param {Model} model */
function makeStage(model) {
  const input = panel("input", "Input. Arrow keys or a drag move the window over it.");
  const output = panel("output", "Output. Arrow keys or a drag choose the cell to compute.");
  const editor = kernelEditor((kernel) => assign(model, { kernel }));
  const caption = element("figcaption", { class: "cnn-caption cnn-kernel" });
  const note = element("p", { class: "cnn-note" });
  const kernel = element("figure", { class: "cnn-panel" }, caption, editor.node, note);
  const sign = (/** @type {string} */ s) =>
    element("span", { class: "cnn-operator", "aria-hidden": "true" }, s);
  const node = element(
    "div",
    { class: "cnn-stage" },
    input.figure,
    sign("∗"),
    kernel,
    sign("="),
    output.figure,
  );

  let size = 36;
  const moveTo = (/** @type {number[]} */ cell) => assign(model, { cell });
  for (const board of [input.board, output.board]) connectKeys(board, model, moveTo);
  onDrag(output.board, (x, y) => moveTo(within(model, (y - 3) / size, (x - 3) / size)));
  onDrag(input.board, (x, y) => {
    const c = read(model);
    if (problem(c)) return;
    const { rows, columns } = geometry(c);
    moveTo([
      windowAt((y - 3) / size - 0.5, rows, c.stride),
      windowAt((x - 3) / size - 0.5, columns, c.stride),
    ]);
  });

  /** @param {Convolution} c @param {number[]} cell @param {number} width */
  function show(c, cell, width) {
    size = cellSize(c, width);
    node.style.setProperty("--weight", `${weightWidth(width)}px`);
    const { rows, columns } = geometry(c);
    input.caption.innerHTML =
      `Input ${c.image.length} × ${c.image[0].length}` +
      `<small>${c.padding ? `padded to ${rows.padded} × ${columns.padded}` : ""}</small>`;
    input.board.innerHTML = inputMarkup(c, cell, size);
    caption.innerHTML = `Kernel ${rows.k} × ${columns.k}<small>${reach(c)}</small>`;
    editor.show(c.kernel, !model.get("controls").includes("kernel"));
    note.innerHTML = c.flip ? flippedMarkup(c) : "";
    output.caption.innerHTML = `Output ${rows.out} × ${columns.out}<small></small>`;
    output.board.innerHTML = problem(c)
      ? '<div class="cnn-empty">no output</div>'
      : outputMarkup(c, cell, size);
  }
  return { node, show };
}

/** @param {Model} model @param {number} row @param {number} column */
function within(model, row, column) {
  const { rows, columns } = geometry(read(model));
  return [
    clamp(Math.floor(row), 0, Math.max(0, rows.out - 1)),
    clamp(Math.floor(column), 0, Math.max(0, columns.out - 1)),
  ];
}

/** @param {HTMLElement} board @param {Model} model @param {(cell: number[]) => void} moveTo */
function connectKeys(board, model, moveTo) {
  const by = (/** @type {number} */ rows, /** @type {number} */ columns) => {
    const [i, j] = model.get("cell");
    moveTo(within(model, i + rows, j + columns));
  };
  onArrows(board, by, (end) => moveTo(end === "Home" ? [0, 0] : within(model, Infinity, Infinity)));
}

/** As large as fits: the three side by side, or, when that is too small to read, one below the other.
 * @param {Convolution} c @param {number} width */
function cellSize(c, width) {
  const { rows, columns } = geometry(c);
  const beside =
    (width - columns.k * weightWidth(width) - 4 - 2 * 18 - 4 * 12 - 12) /
    (columns.padded + Math.max(5, columns.out));
  const below = (width - 6) / columns.padded;
  const tall = 460 / rows.padded;
  return Math.floor(clamp(Math.min(beside >= 20 ? beside : below, Math.max(tall, 28)), 18, 40));
}

/** @param {Convolution} c */
function reach(c) {
  const { rows, columns } = geometry(c);
  return c.dilation > 1 ? `reaches over ${rows.span} × ${columns.span}` : "";
}

/** @param {Convolution} c @param {number[]} cell @param {number} size */
function inputMarkup(c, cell, size) {
  const { rows, columns } = geometry(c);
  const colour = tint(c.image, "input");
  const stuck = Boolean(problem(c));
  const cells = range(rows.padded).map((a) =>
    range(columns.padded).map((b) => {
      const inside = a >= c.padding && b >= c.padding && a < c.padding + rows.n && b < c.padding + columns.n;
      const value = stuck && !inside ? 0 : paddedValue(c, a, b);
      const dropped = !stuck && (a >= rows.seen || b >= columns.seen);
      const text = stuck && !inside ? "" : figures(value);
      return { text, fill: inside ? colour(value) : null, padding: !inside, dropped };
    }),
  );
  return gridMarkup(cells, size, stuck ? "" : windowMarkup(c, cell, size));
}

/** @param {Convolution} c @param {number[]} cell @param {number} size */
function windowMarkup(c, cell, size) {
  const { rows, columns } = geometry(c);
  const taps = terms(c, cell[0], cell[1])
    .map((term) => tap(term, size))
    .join("");
  const box = { row: cell[0] * c.stride, column: cell[1] * c.stride, rows: rows.span, columns: columns.span };
  return taps + outline(box, size);
}

/** @param {Convolution} c @param {number[]} cell @param {number} size */
function outputMarkup(c, cell, size) {
  const values = convolve(c);
  const colour = tint(values, "output");
  const cells = values.map((row) => row.map((v) => ({ text: figures(v), fill: colour(v) })));
  return gridMarkup(cells, size, outline({ row: cell[0], column: cell[1], rows: 1, columns: 1 }, size));
}

/** @param {Convolution} c */
function flippedMarkup(c) {
  const used = laid(c);
  const colour = tint(used, "kernel");
  const cells = used.map((row) => row.map((v) => ({ text: figures(v), fill: colour(v) })));
  return `as it is laid down, turned half round:${gridMarkup(cells, 28)}`;
}

// ---- the working: products, sum, size

/** @param {Convolution} c @param {number[]} cell */
function workingMarkup(c, cell) {
  return `<div>${productsMarkup(c, cell)}</div><div>${sumMarkup(c, cell)}${sizeMarkup(c)}</div>`;
}

/** @param {Convolution} c @param {number[]} cell */
function productsMarkup(c, cell) {
  const boxes = terms(c, cell[0], cell[1]).map((t) => {
    const factors = `${inRole("input", figures(t.x))} × ${inRole("kernel", figures(t.w))}`;
    const kind = t.padding ? ' class="cnn-padding-term"' : "";
    return `<div${kind}><b>${figures(t.product)}</b><small>${factors}</small></div>`;
  });
  return (
    `<p class="cnn-heading">under the window: input × weight</p>` +
    `<div class="cnn-products" style="--columns:${c.kernel[0].length}">${boxes.join("")}</div>`
  );
}

/** @param {Convolution} c @param {number[]} cell */
function sumMarkup(c, cell) {
  const list = terms(c, cell[0], cell[1]);
  const written = list.map((t, at) => signedTerm(t.product, at === 0)).join(" ");
  const total = sum(list);
  const note = [total, ...list.map((t) => t.product)].some(isRounded) ? ", shown to three figures" : "";
  return (
    `<p class="cnn-heading">their sum is output [${cell.join(", ")}]${note}</p>` +
    `<p class="cnn-sum">${written} = <b data-sum="${total}">${figures(total)}</b></p>`
  );
}

/** @param {number} v @param {boolean} first */
function signedTerm(v, first) {
  const text = figures(v);
  if (first) return text;
  return text.startsWith("−") ? `− ${text.slice(1)}` : `+ ${text}`;
}

/** @param {Convolution} c */
function sizeMarkup(c) {
  const { rows, columns } = geometry(c);
  const square = rows.n === columns.n && rows.k === columns.k;
  const lines = square ? [filled(c, rows, "")] : [filled(c, rows, "rows: "), filled(c, columns, "columns: ")];
  return (
    `<p class="cnn-heading">the output's size: ⌊(n + 2·padding − dilation·(k − 1) − 1) / stride⌋ + 1</p>` +
    lines.map((line) => `<p class="cnn-formula">${line}</p>`).join("")
  );
}

/** @param {Convolution} c @param {import("./_math.js").Axis} axis @param {string} name */
function filled(c, axis, name) {
  const [over, exact] = [axis.padded - axis.span, (axis.padded - axis.span) % c.stride === 0];
  const quotient = exact ? over / c.stride : `${over}/${c.stride}`;
  const [n, k, p] = [inRole("input", axis.n), inRole("kernel", axis.k), inRole("padding", c.padding)];
  const top = `${n} + 2·${p} − ${c.dilation}·(${k} − 1) − 1`;
  return `${name}⌊(${top}) / ${c.stride}⌋ + 1 = ⌊${quotient}⌋ + 1 = <b>${inRole("output", axis.out)}</b>`;
}

/** @param {Convolution} c @param {number[]} cell */
function spoken(c, cell) {
  const { rows, columns } = geometry(c);
  const list = terms(c, cell[0], cell[1]);
  return (
    `Output [${cell[0]}, ${cell[1]}] = ${figures(sum(list))}, the sum of ${list.length} products. ` +
    `The output is ${rows.out} × ${columns.out}.${droppedText(rows.dropped, columns.dropped)}`
  );
}

/** @param {number} rows @param {number} columns */
function droppedText(rows, columns) {
  const parts = [];
  if (rows) parts.push(rows === 1 ? "the last row" : `the last ${rows} rows`);
  if (columns) parts.push(columns === 1 ? "the last column" : `the last ${columns} columns`);
  return parts.length
    ? ` The floor drops ${parts.join(" and ")} (crossed out): no window reaches there.`
    : "";
}

export default { render };
