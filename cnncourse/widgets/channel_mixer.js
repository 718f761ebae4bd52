// @ts-check
import {
  assign,
  checkbox,
  element,
  inRole,
  numberField,
  onArrows,
  onDrag,
  panel,
  slider,
  widget,
} from "./_draw.js";
import { clamp, convParameters, possibleGroups, range } from "./_math.js";

/** @typedef {import("./_draw.js").Model} Model */
/** @typedef {{in_channels: number, out_channels: number, kernel_size: number, groups: number, bias: boolean,
 *             filter: number}} Layer */

const SETTINGS = ["in_channels", "out_channels", "kernel_size", "groups", "bias", "filter"];
const MOST = 12; // channels or filters that are drawn
const TILE = 30; // pixels of a channel's tile

/** @param {Model} model @returns {Layer} */
const read = (model) =>
  /** @type {any} */ (Object.fromEntries(SETTINGS.map((name) => [name, model.get(name)])));

/** @param {Layer} layer */
const possible = (layer) => layer.in_channels % layer.groups === 0 && layer.out_channels % layer.groups === 0;

/** @param {{model: Model, el: HTMLElement}} view */
function render(view) {
  const { model } = view;
  const controls = makeControls(model);
  const stage = makeStage(model);
  const working = element("div", { class: "cnn-working" });
  const parts = [controls.node, stage.node, working];
  return widget(view, "Channel explorer", SETTINGS, parts, (width) => {
    const layer = settle(model);
    const there = possible(layer);
    controls.show(layer);
    stage.show(layer, width);
    working.hidden = !there;
    working.innerHTML = there ? formulaMarkup(layer) : "";
    return { said: there ? spoken(layer) : impossible(layer), problem: !there };
  });
}

/** The layer, with a filter that exists. @param {Model} model */
function settle(model) {
  const layer = read(model);
  const filter = clamp(layer.filter, 0, layer.out_channels - 1);
  if (filter !== layer.filter) assign(model, { filter });
  return { ...layer, filter };
}

/** @param {Model} model */
function makeControls(model) {
  const put = (/** @type {string} */ name) => (/** @type {any} */ value) => assign(model, { [name]: value });
  /** @type {Record<string, {node: any, show: (value: any) => void}>} */
  const all = {
    in_channels: numberField("input channels", { min: 1, max: 512 }, put("in_channels")),
    out_channels: numberField("output channels (filters)", { min: 1, max: 512 }, put("out_channels")),
    kernel_size: slider("kernel size", { min: 1, max: 11 }, put("kernel_size")),
    groups: numberField("groups", { min: 1, max: 512 }, put("groups")),
    bias: checkbox("bias", put("bias")),
  };
  const node = element(
    "div",
    { class: "cnn-controls" },
    ...Object.values(all).map((control) => control.node),
  );
  return {
    node,
    show(/** @type {any} */ layer) {
      for (const [name, control] of Object.entries(all)) control.show(layer[name]);
    },
  };
}

// ---- channels, filters, maps

/** @param {Model} model */
function makeStage(model) {
  const { figure, caption, board } = panel("kernel", "Filters. Arrow keys or a press choose one.");
  figure.classList.add("cnn-wide");
  const pick = (/** @type {number} */ filter) =>
    assign(model, { filter: clamp(filter, 0, model.get("out_channels") - 1) });
  onArrows(
    board,
    (rows, columns) => pick(model.get("filter") + rows + columns),
    (end) => pick(end === "Home" ? 0 : Infinity),
  );
  onDrag(board, (_, y) => pick(Math.min(Math.floor((y - TOP + 4) / layout(read(model), 0).row), MOST - 1)));
  return {
    node: element("div", { class: "cnn-stage" }, figure),
    show(/** @type {Layer} */ layer, /** @type {number} */ width) {
      caption.innerHTML = captionMarkup(layer);
      board.innerHTML = possible(layer)
        ? layerMarkup(layer, layout(layer, width))
        : '<div class="cnn-empty">no such layer</div>';
    },
  };
}

/** @param {Layer} l */
function captionMarkup(l) {
  if (!possible(l)) return "Filters<small></small>";
  const depth = l.in_channels / l.groups;
  const size = `${l.kernel_size} × ${l.kernel_size} and ${depth} deep`;
  const who =
    l.groups > 1 ? "a filter reads only the channels of its group" : "every filter reads every channel";
  return `${counted(l.out_channels, "filter")}, each ${size}<small>${who}</small>`;
}

/** @param {number} n @param {string} noun */
const counted = (n, noun) => `${n} ${noun}${n === 1 ? "" : "s"}`;

const TOP = 44;
const LEFT = 7;

/** Where things lie: the columns, the height of a row, and how far a slice is set off from the one before it.
 * @param {Layer} l @param {number} width */
function layout(l, width) {
  const deep = Math.min(l.in_channels / l.groups, MOST);
  const step = { x: Math.min(9, 80 / deep), y: Math.min(4, 16 / deep) };
  const middle = clamp(width * 0.3, 110, 250);
  return {
    deep,
    step,
    middle,
    right: clamp(width - 200, middle + 210, 560),
    row: TILE + 8 + step.y * (deep - 1),
  };
}
/** @typedef {ReturnType<typeof layout>} Layout */

/** Input channels on the left, a stack of slices for each filter, its map on the right.
 * @param {Layer} l @param {Layout} at */
function layerMarkup(l, at) {
  const [inputs, filters] = [l.in_channels, l.out_channels].map((n) => Math.min(n, MOST));
  const cut = Math.max(l.in_channels, l.out_channels) > MOST;
  const height = TOP + Math.max(inputs, filters) * at.row + (cut ? 22 : 0);
  const body =
    wires(l, at) +
    inputTiles(l, at) +
    range(filters)
      .map((f) => stack(l, f, at))
      .join("") +
    mapTiles(l, at) +
    heads(at) +
    more(l, at);
  return `<svg width="${at.right + 110}" height="${height}" aria-hidden="true">${body}</svg>`;
}

/** The input channels that a filter reads: first, and one after the last.
 * @param {Layer} l @param {number} filter */
function reads(l, filter) {
  const deep = l.in_channels / l.groups;
  const group = Math.floor(filter / (l.out_channels / l.groups));
  return [group * deep, (group + 1) * deep];
}

/** @param {number} x @param {number} y @param {string} role */
const tile = (x, y, role) =>
  `<rect class="cnn-tile cnn-tile-${role}" x="${x}" y="${y}" width="${TILE}" height="${TILE}"/>`;

/** Thick and dashed. @param {number} x @param {number} y @param {number} w @param {number} h */
function mark(x, y, w, h) {
  const box = `x="${x - 3}" y="${y - 3}" width="${w + 6}" height="${h + 6}"`;
  return `<rect class="cnn-active" ${box}/><rect class="cnn-active-dash" ${box}/>`;
}

/** @param {Layer} l @param {Layout} at */
function inputTiles(l, at) {
  const [from, to] = reads(l, l.filter).map((c) => Math.min(c, MOST));
  const tiles = range(Math.min(l.in_channels, MOST)).map(
    (c) => tile(LEFT, TOP + c * at.row, "input") + label(LEFT + TILE + 16, TOP + c * at.row + TILE / 2, c),
  );
  const marked = from < to ? mark(LEFT, TOP + from * at.row, TILE, (to - from - 1) * at.row + TILE) : "";
  return tiles.join("") + marked;
}

/** @param {Layer} l @param {Layout} at */
const mapTiles = (l, at) =>
  range(Math.min(l.out_channels, MOST))
    .map((f) => {
      const y = TOP + f * at.row;
      return (
        tile(at.right, y, "output") +
        (f === l.filter ? mark(at.right, y, TILE, TILE) : "") +
        label(at.right + TILE + 16, y + TILE / 2, f)
      );
    })
    .join("");

/** One filter: its slices, one behind the other. @param {Layer} l @param {number} f @param {Layout} at */
function stack(l, f, { deep, step, middle, row }) {
  const y = TOP + f * row;
  const slices = range(deep)
    .reverse()
    .map((d) => tile(middle + d * step.x, y - d * step.y, "kernel"))
    .join("");
  const lines = cellLines(l.kernel_size, middle, y);
  const [width, rise] = [TILE + (deep - 1) * step.x, (deep - 1) * step.y];
  const marked = f === l.filter ? mark(middle, y - rise, width, TILE + rise) : "";
  return (
    `<g data-filter="${f}" data-slices="${deep}">${slices}${lines}${marked}</g>` +
    note(middle + width + 10, y + TILE / 2, `${l.in_channels / l.groups} deep`)
  );
}

/** The k × k cells of the front slice. @param {number} k @param {number} x @param {number} y */
function cellLines(k, x, y) {
  const lines = range(k - 1)
    .map((i) => ((i + 1) * TILE) / k)
    .map((at) => `M${x + at} ${y}v${TILE}M${x} ${y + at}h${TILE}`);
  return `<path class="cnn-lines" d="${lines.join("")}"/>`;
}

/** Lines from what the chosen filter reads, and to the map that it makes.
 * @param {Layer} l @param {Layout} at */
function wires(l, { deep, step, middle, right, row }) {
  if (l.filter >= MOST) return "";
  const [from, to] = reads(l, l.filter).map((c) => Math.min(c, MOST));
  const y = TOP + l.filter * row + TILE / 2;
  const end = middle + TILE + (deep - 1) * step.x + 68;
  const incoming = range(to)
    .slice(from)
    .map((c) => `M${LEFT + TILE + 30} ${TOP + c * row + TILE / 2}L${middle - 8} ${y}`);
  return `<path class="cnn-wire" d="${incoming.join("")}M${end} ${y}L${right - 8} ${y}"/>`;
}

/** @param {number} x @param {number} y @param {number} n */
const label = (x, y, n) => `<text x="${x}" y="${y}" font-size="12" fill="currentColor">${n}</text>`;

/** @param {number} x @param {number} y @param {string} text */
const note = (x, y, text) => `<text class="cnn-left" x="${x}" y="${y}">${text}</text>`;

/** @param {Layout} at */
const heads = ({ middle, right }) =>
  note(LEFT - 3, 9, "input channels") + note(middle, 9, "filters") + note(right, 9, "output maps");

/** Says what is not drawn. @param {Layer} l @param {Layout} at */
function more(l, { middle, right, row }) {
  const rest = (/** @type {number} */ x, /** @type {number} */ n) =>
    n > MOST ? note(x, TOP + MOST * row + 8, `and ${n - MOST} more`) : "";
  return rest(LEFT - 3, l.in_channels) + rest(middle, l.out_channels) + rest(right, l.out_channels);
}

// ---- the count

const number = (/** @type {number} */ n) => n.toLocaleString("en-US");

/** @param {Layer} l */
function formulaMarkup(l) {
  const [k, out] = [inRole("kernel", l.kernel_size), inRole("output", l.out_channels)];
  const channels = inRole("input", l.in_channels);
  const deep = l.groups > 1 ? `(${channels}/${l.groups})` : channels;
  const total = convParameters(l.in_channels, l.out_channels, l.kernel_size, l.groups, l.bias);
  const symbols = `k·k·(C<sub>in</sub> / groups)·C<sub>out</sub>${l.bias ? " + C<sub>out</sub>" : ""}`;
  const filled = `${k}·${k}·${deep}·${out}${l.bias ? ` + ${out}` : ""}`;
  return (
    `<div><p class="cnn-heading">parameters: ${symbols}</p>` +
    `<p class="cnn-formula">${filled} = <b data-parameters="${total}">${number(total)}</b></p></div>` +
    comparison(l)
  );
}

/** @param {Layer} l */
function comparison(l) {
  if (l.groups === 1) return "";
  const dense = convParameters(l.in_channels, l.out_channels, l.kernel_size, 1, false);
  const kind =
    l.groups === l.in_channels
      ? "depthwise: every filter reads one channel, and mixes none"
      : `${l.groups} groups`;
  const saving = `${number(dense / l.groups)} weights instead of ${number(dense)}: 1/${l.groups} of them`;
  return `<div><p class="cnn-heading">${kind}</p><p class="cnn-formula">${saving}</p></div>`;
}

/** @param {Layer} l */
function spoken(l) {
  const [from, to] = reads(l, l.filter);
  const channels = to - from === 1 ? `channel ${from}` : `channels ${from} to ${to - 1}`;
  const size = `${l.kernel_size} × ${l.kernel_size} × ${to - from}`;
  const weights = `${size} = ${number(l.kernel_size ** 2 * (to - from))} weights${l.bias ? " and a bias" : ""}`;
  return `Filter ${l.filter} reads input ${channels} with ${weights}, and makes output map ${l.filter}.`;
}

/** Why the groups do not work, and which would. @param {Layer} l */
function impossible(l) {
  const bad = l.in_channels % l.groups ? [l.in_channels, "input"] : [l.out_channels, "output"];
  const choices = possibleGroups(l.in_channels, l.out_channels);
  return (
    `${l.groups} groups cannot share ${bad[0]} ${bad[1]} channels equally: ` +
    `groups must divide both channel counts. ` +
    `For ${l.in_channels} and ${l.out_channels} that is ${choices.join(", ")}.`
  );
}

export default { render };
