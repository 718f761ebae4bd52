// @ts-check
import stored from "./presets.json";
import {
  assign,
  element,
  gridMarkup,
  inRole,
  onArrows,
  onDrag,
  outline,
  panel,
  presetName,
  select,
  signed,
  slider,
  tint,
  widget,
} from "./_draw.js";
import { clamp, figures, isRounded, windowAt } from "./_math.js";
import {
  KINDS,
  changes,
  geometry,
  keepsOne,
  minus,
  pool,
  problem,
  shares,
  shifted,
  survivors,
  under,
  valueAt,
} from "./_pooling.js";

/** @typedef {import("./_draw.js").Model} Model */
/** @typedef {import("./_pooling.js").Pooling} Pooling */
/** @typedef {import("./_pooling.js").Seen} Seen */
/** Everything that is drawn: the pooling of the moved picture, its output now and before the move.
 * @typedef {{p: Pooling, still: number[][], output: number[][], change: number[][], cell: number[],
 *            shift: number[]}} Made */

const SETTINGS = ["image", "kind", "window", "stride", "shift", "cell", "draw"];
const FURTHEST = 4;

/** @param {{model: Model, el: HTMLElement}} view */
function render(view) {
  const { model } = view;
  const controls = makeControls(model);
  const stage = makeStage(model);
  const working = element("div", { class: "cnn-working" });
  const parts = [controls.node, stage.node, working];
  return widget(view, "Pooling laboratory", SETTINGS, parts, (width) => {
    const made = compute(model);
    const wrong = problem(made.p);
    controls.show(model);
    stage.show(made, width);
    working.innerHTML = wrong ? "" : workingMarkup(made);
    working.hidden = Boolean(wrong);
    return { said: wrong || spoken(made), problem: Boolean(wrong) };
  });
}

/** @param {Model} model @returns {Pooling} */
function read(model) {
  const [image, kind, window, stride, draw] = ["image", "kind", "window", "stride", "draw"].map((name) =>
    model.get(name),
  );
  return { image, kind, window, stride, draw };
}

/** @param {Model} model @returns {Made} */
function compute(model) {
  const before = read(model);
  const shift = model.get("shift");
  const p = { ...before, image: shifted(before.image, shift[0], shift[1]) };
  const output = pool(p);
  return {
    p,
    still: before.image,
    output,
    change: minus(output, pool(before)),
    cell: settle(model, p),
    shift,
  };
}

/** The chosen cell, moved inside the output and written back, so that Python reads what is drawn.
 * @param {Model} model @param {Pooling} p */
function settle(model, p) {
  const [i, j] = model.get("cell");
  const cell = within(p, i, j);
  if (cell[0] !== i || cell[1] !== j) assign(model, { cell });
  return cell;
}

/** @param {Pooling} p @param {number} row @param {number} column */
function within(p, row, column) {
  const { rows, columns } = geometry(p);
  return [clamp(row, 0, Math.max(0, rows.out - 1)), clamp(column, 0, Math.max(0, columns.out - 1))];
}

// ---- controls

/** @param {Model} model */
function makeControls(model) {
  /** @type {Record<string, number[][]>} */
  const images = stored.images;
  const put = (/** @type {string} */ name) => (/** @type {any} */ value) => assign(model, { [name]: value });
  const by = (/** @type {number} */ at) => (/** @type {number} */ value) =>
    assign(model, {
      shift: model
        .get("shift")
        .map((/** @type {number} */ old, /** @type {number} */ k) => (k === at ? value : old)),
    });
  const limits = { min: -FURTHEST, max: FURTHEST };
  const image = select("picture", Object.keys(images), (name) => put("image")(images[name]));
  const kind = select("pooling", KINDS, put("kind"));
  const size = slider("window", { min: 1, max: 6 }, put("window"));
  const stride = slider("stride", { min: 1, max: 6 }, put("stride"));
  const down = slider("moved down", limits, by(0));
  const right = slider("moved right", limits, by(1));
  const again = element("button", { class: "cnn-button", type: "button" }, "draw again");
  again.addEventListener("click", () => assign(model, { draw: (model.get("draw") + 1) % 10000 }));
  const node = element(
    "div",
    { class: "cnn-controls" },
    ...[image, kind, size, stride, down, right].map((control) => control.node),
    again,
  );
  return {
    node,
    show(/** @type {Model} */ m) {
      image.show(presetName(images, m.get("image")));
      kind.show(m.get("kind"));
      size.show(m.get("window"));
      stride.show(m.get("stride"));
      down.show(m.get("shift")[0]);
      right.show(m.get("shift")[1]);
      again.hidden = m.get("kind") !== "stochastic, drawn";
    },
  };
}

// ---- picture → output, and what changed

/** @param {Model} model */
function makeStage(model) {
  const input = panel(
    "input",
    "Picture. Arrow keys move it by one pixel, Home puts it back; a press chooses a window.",
  );
  const output = panel("output", "Output. Arrow keys or a drag choose the cell that is written out.");
  const change = panel(
    "output",
    "Change of the output since the picture stood still. Arrow keys choose a cell.",
  );
  const arrow = element("span", { class: "cnn-operator", "aria-hidden": "true" }, "→");
  const node = element("div", { class: "cnn-stage" }, input.figure, arrow, output.figure, change.figure);

  let size = 36;
  const moveTo = (/** @type {number[]} */ cell) => assign(model, { cell });
  onArrows(
    input.board,
    (down, right) => {
      const [dy, dx] = model.get("shift");
      assign(model, { shift: [dy + down, dx + right].map((n) => clamp(n, -FURTHEST, FURTHEST)) });
    },
    (end) => end === "Home" && assign(model, { shift: [0, 0] }),
  );
  for (const { board } of [output, change]) {
    onArrows(
      board,
      (rows, columns) => {
        const [i, j] = model.get("cell");
        moveTo(within(read(model), i + rows, j + columns));
      },
      (end) => moveTo(end === "Home" ? [0, 0] : within(read(model), Infinity, Infinity)),
    );
    onDrag(board, (x, y) =>
      moveTo(within(read(model), Math.floor((y - 3) / size), Math.floor((x - 3) / size))),
    );
  }
  onDrag(input.board, (x, y) => {
    const p = read(model);
    if (problem(p)) return;
    const { rows, columns } = geometry(p);
    const at = (/** @type {number} */ place, /** @type {any} */ axis) =>
      windowAt((place - 3) / size - 0.5, { ...axis, span: p.window }, p.stride);
    moveTo([at(y, rows), at(x, columns)]);
  });

  /** @param {Made} made @param {number} width */
  function show(made, width) {
    const { rows, columns } = geometry(made.p);
    const stuck = Boolean(problem(made.p));
    size = cellSize(made.p, width);
    input.caption.innerHTML = `Picture ${rows.n} × ${columns.n}<small>${legend(made.p)}</small>`;
    input.board.innerHTML = inputMarkup(made, size, stuck);
    output.caption.innerHTML = `Output ${rows.out} × ${columns.out}<small>${made.p.kind}</small>`;
    change.caption.innerHTML = `Change of the output<small>since the picture stood still</small>`;
    const empty = '<div class="cnn-empty">no output</div>';
    output.board.innerHTML = stuck
      ? empty
      : outputMarkup(made.output, made.cell, size, tint(made.output, "output"));
    const scale = changes(made.change).largest;
    change.board.innerHTML = stuck
      ? empty
      : outputMarkup(made.change, made.cell, size, (v) => signed(v, scale));
  }
  return { node, show };
}

/** @param {Pooling} p */
const legend = (p) => (keepsOne(p.kind) ? "framed: kept by some window" : "every cell of a window counts");

/** As large as fits: all three side by side, or, when that is too small to read, one below the other.
 * @param {Pooling} p @param {number} width */
function cellSize(p, width) {
  const { rows, columns } = geometry(p);
  const beside = (width - 18 - 3 * 12 - 24) / (columns.n + 2 * Math.max(5, columns.out));
  const below = (width - 6) / columns.n;
  return Math.floor(clamp(Math.min(beside >= 22 ? beside : below, Math.max(400 / rows.n, 28)), 18, 38));
}

/** @param {Made} made @param {number} size @param {boolean} stuck */
function inputMarkup({ p, cell }, size, stuck) {
  const { rows, columns } = geometry(p);
  const colour = tint(p.image, "input");
  const cells = p.image.map((row, a) =>
    row.map((v, b) => {
      const dropped = !stuck && (a >= rows.seen || b >= columns.seen);
      return { text: figures(v), fill: colour(v), dropped };
    }),
  );
  return gridMarkup(cells, size, stuck ? "" : keptMarkup(p, size) + windowMarkup(p, cell, size));
}

/** A frame around each cell that some window keeps. @param {Pooling} p @param {number} size */
const keptMarkup = (p, size) =>
  [...survivors(p)]
    .map((place) => {
      const [y, x] = place.split(",").map((n) => Number(n) * size + 2.5);
      const side = `width="${size - 5}" height="${size - 5}" style="stroke:var(--cnn-output)"`;
      return `<rect class="cnn-tap" data-kept="${place}" x="${x}" y="${y}" ${side}/>`;
    })
    .join("");

/** @param {Pooling} p @param {number[]} cell @param {number} size */
const windowMarkup = (p, cell, size) =>
  outline({ row: cell[0] * p.stride, column: cell[1] * p.stride, rows: p.window, columns: p.window }, size);

/** @param {number[][]} values @param {number[]} cell @param {number} size
 * @param {(v: number) => number[]} colour */
function outputMarkup(values, cell, size, colour) {
  const cells = values.map((row) => row.map((v) => ({ text: figures(v), fill: colour(v) })));
  return gridMarkup(cells, size, outline({ row: cell[0], column: cell[1], rows: 1, columns: 1 }, size));
}

// ---- the working: the window's cells, what becomes of them, how many numbers are left

/** @param {Made} made */
function workingMarkup(made) {
  const seen = under(made.p, made.cell[0], made.cell[1]);
  return (
    `<div>${cellsMarkup(made.p, seen)}</div>` +
    `<div>${resultMarkup(made, seen)}${keptShareMarkup(made.p)}</div>`
  );
}

/** @param {Pooling} p @param {Seen[]} seen */
function cellsMarkup(p, seen) {
  const notes = notesFor(p, seen);
  const boxes = seen.map(
    (s, at) => `<div><b>${inRole("input", figures(s.value))}</b><small>${notes[at]}</small></div>`,
  );
  const heading = p.kind.startsWith("stochastic") ? "each value and its chance" : "under the window";
  return (
    `<p class="cnn-heading">${heading}</p>` +
    `<div class="cnn-products" style="--columns:${p.window}">${boxes.join("")}</div>`
  );
}

/** @param {Pooling} p @param {Seen[]} seen @returns {string[]} */
function notesFor(p, seen) {
  if (p.kind === "max") return seen.map((s) => (s.weight ? "the largest" : "dropped"));
  const chances = shares(seen.map((s) => s.value));
  if (p.kind === "stochastic, drawn")
    return seen.map((s, at) => figures(chances[at]) + (s.weight ? ", drawn" : ""));
  return seen.map((s) => (p.kind === "stochastic, expected" ? figures(s.weight) : `× ${figures(s.weight)}`));
}

/** @param {Made} made @param {Seen[]} seen */
function resultMarkup({ p, cell }, seen) {
  const total = valueAt(p, cell[0], cell[1]);
  const written =
    { max: "the largest", "stochastic, drawn": "the one that was drawn" }[p.kind] ?? summed(seen);
  const note = isRounded(total) ? ", to three figures" : "";
  return (
    `<p class="cnn-heading">output [${cell.join(", ")}]${note}</p>` +
    `<p class="cnn-sum">${written} = <b data-value="${total}">${figures(total)}</b></p>`
  );
}

/** The weighted sum, without the cells that are zero. @param {Seen[]} seen */
function summed(seen) {
  const terms = seen.filter((s) => s.value).map((s) => `${figures(s.weight)} × ${figures(s.value)}`);
  return terms.length ? terms.join(" + ") : "0";
}

/** @param {Pooling} p */
function keptShareMarkup(p) {
  const { rows, columns } = geometry(p);
  const line = (/** @type {any} */ a, /** @type {string} */ name) =>
    `<p class="cnn-formula">${name}⌊(${inRole("input", a.n)} − ${p.window}) / ${p.stride}⌋ + 1 = ` +
    `<b>${inRole("output", a.out)}</b></p>`;
  const sizes = rows.n === columns.n ? line(rows, "") : line(rows, "rows: ") + line(columns, "columns: ");
  const [out, all] = [rows.out * columns.out, rows.n * columns.n];
  return (
    `<p class="cnn-heading">the output's size: ⌊(n − window) / stride⌋ + 1</p>${sizes}` +
    `<p class="cnn-heading">numbers kept</p>` +
    `<p class="cnn-formula"><b data-kept-share="${out / all}">${out} of ${all}: ${percent(out / all)}</b></p>`
  );
}

/** @param {number} share */
const percent = (share) => `${figures(share * 100)} %`;

/** @param {Made} made */
function spoken(made) {
  const { rows, columns } = geometry(made.p);
  const [i, j] = made.cell;
  const share = percent((rows.out * columns.out) / (rows.n * columns.n));
  return (
    `Output [${i}, ${j}] = ${figures(made.output[i][j])}. ` +
    `${rows.out * columns.out} of ${rows.n * columns.n} numbers are left (${share}). ${movedText(made)}`
  );
}

/** @param {Made} made */
function movedText({ p, still, change, shift }) {
  const where = [
    shift[0] ? `${Math.abs(shift[0])} ${shift[0] > 0 ? "down" : "up"}` : "",
    shift[1] ? `${Math.abs(shift[1])} ${shift[1] > 0 ? "right" : "left"}` : "",
  ].filter(Boolean);
  if (!where.length) return "The picture stands still: move it by the arrow keys.";
  const [before, after] = [changes(minus(p.image, still)), changes(change)];
  return (
    `Moved ${where.join(" and ")}: ${before.changed} of ${before.cells} pixels changed, by ` +
    `${figures(before.largest)} at most, and ${after.changed} of ${after.cells} output cells, by ` +
    `${figures(after.largest)} at most.`
  );
}

export default { render };
