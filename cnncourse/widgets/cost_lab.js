// @ts-check
import {
  assign,
  channels,
  checkbox,
  element,
  inkOn,
  inRole,
  numberField,
  palette,
  select,
  slider,
  widget,
} from "./_draw.js";
import {
  branches,
  constraint,
  nearest,
  PIXELS,
  published,
  scaled,
  totals,
  withoutBottlenecks,
} from "./_costs.js";
import { clamp, figures, range } from "./_math.js";

/** @typedef {import("./_draw.js").Model} Model */
/** @typedef {import("./_costs.js").Branch} Branch */
/** @typedef {import("./_costs.js").Module} Module */
/** @typedef {import("./_costs.js").Published} Published */
/** @typedef {import("./_costs.js").Rule} Rule */
/** @typedef {{node: HTMLElement, show: (value: any) => void}} Control */

const MODULE = ["side", "channels", "one", "reduce3", "three", "reduce5", "five", "pool", "pooling"];
const RULE = ["phi", "alpha", "beta", "gamma"];

/** @param {{model: Model, el: HTMLElement}} view */
function render(view) {
  const { model } = view;
  const inception = model.get("kind") === "inception";
  const label = inception ? "Cost of an inception module" : "Cost of compound scaling";
  const names = inception ? MODULE : RULE;
  const controls = makeControls(model, names, inception ? moduleControls(model) : ruleControls(model));
  const picture = element("div");
  const settings = [...names, "presets", "released"];
  return widget(view, label, settings, [...controls.nodes, picture], (room) => {
    const state = read(model, names);
    const width = Math.max(280, room);
    controls.show(state);
    const nets = model.get("released");
    picture.innerHTML = inception ? moduleMarkup(state, width) : scalingMarkup(state, nets, width);
    return { said: inception ? moduleSpoken(state) : scalingSpoken(state, nets) };
  });
}

/** @param {Model} model @param {string[]} names @returns {any} */
const read = (model, names) => Object.fromEntries(names.map((name) => [name, model.get(name)]));

/** @param {number} n */
const spell = (n) => String(n).replace(/\B(?=(\d{3})+$)/g, ",");

// ---- controls

/** A choice of presets, and below it a control for each name.
 * @param {Model} model @param {string[]} names @param {Record<string, Control>} all */
function makeControls(model, names, all) {
  const presets = model.get("presets");
  const choose = select("preset", Object.keys(presets), (name) => assign(model, presets[name]));
  const [first, rest] = [element("div", { class: "cnn-controls" }), element("div", { class: "cnn-controls" })];
  first.append(choose.node);
  for (const name of names) (name === "side" || name === "channels" ? first : rest).append(all[name].node);
  return {
    nodes: [first, rest],
    show(/** @type {any} */ state) {
      const fits = (/** @type {any} */ preset) =>
        Object.keys(preset).every((name) => preset[name] === state[name]);
      choose.show(Object.keys(presets).find((name) => fits(presets[name])) ?? "");
      for (const name of names) all[name].show(state[name]);
    },
  };
}

/** @param {Model} model @returns {Record<string, Control>} */
function moduleControls(model) {
  const put = (/** @type {string} */ name) => (/** @type {any} */ value) => assign(model, { [name]: value });
  const maps = (/** @type {string} */ text, /** @type {string} */ name) =>
    slider(text, { min: 0, max: 512 }, put(name));
  return {
    side: numberField("height and width", { min: 1, max: 224 }, put("side")),
    channels: numberField("channels in", { min: 1, max: 1024 }, put("channels")),
    one: maps("1×1 maps", "one"),
    reduce3: maps("3×3 bottleneck", "reduce3"),
    three: maps("3×3 maps", "three"),
    reduce5: maps("5×5 bottleneck", "reduce5"),
    five: maps("5×5 maps", "five"),
    pool: maps("pool projection", "pool"),
    pooling: checkbox("pooling branch", put("pooling")),
  };
}

/** @param {Model} model @returns {Record<string, Control>} */
function ruleControls(model) {
  const real = (/** @type {string} */ text, /** @type {string} */ name, /** @type {any} */ limits) =>
    slider(text, limits, (value) => assign(model, { [name]: value }));
  return {
    phi: real("φ, how far", "phi", { min: 0, max: 8, step: 0.1 }),
    alpha: real("α, depth", "alpha", { min: 1, max: 2, step: 0.01 }),
    beta: real("β, width", "beta", { min: 1, max: 1.5, step: 0.01 }),
    gamma: real("γ, resolution", "gamma", { min: 1, max: 1.5, step: 0.01 }),
  };
}

// ---- inception: a row for each convolution, its bar after that of the bottleneck before it

const TO_LEFT = ' style="text-align:left"';
const HOW =
  "multiplications: height · width · k · k · channels in · maps; " +
  "parameters: k · k · channels in · maps, and a bias for each map";

/** @param {Module} m @param {number} width */
function moduleMarkup(m, width) {
  const list = branches(m);
  const sum = totals(list);
  const perBranch = list.map(({ costs }) => costs.reduce((total, cost) => total + cost.multiplications, 0));
  const most = Math.max(1, ...perBranch);
  const room = clamp(width - 470, 60, 430);
  const texts = ["branch", "convolution", "parameters", "multiplications", `longest branch: ${spell(most)}`];
  const heads = texts.map((text, at) => `<th scope="col"${[1, 4].includes(at) ? TO_LEFT : ""}>${text}</th>`);
  return (
    `<table class="cnn-layers"><thead><tr>${heads.join("")}</tr></thead>` +
    `<tbody>${list.map((branch) => branchMarkup(branch, m, most, room)).join("")}</tbody>` +
    '<tfoot><tr><th scope="row">all</th><td></td>' +
    `<td data-total="parameters"><b>${spell(sum.parameters)}</b></td>` +
    `<td data-total="multiplications"><b>${spell(sum.multiplications)}</b></td><td></td></tr></tfoot></table>` +
    `<p class="cnn-heading">${HOW}</p>` +
    stripMarkup(m, list, width) +
    comparison(m)
  );
}

/** @param {Branch} branch @param {Module} m @param {number} most @param {number} room */
function branchMarkup(branch, m, most, room) {
  const { name, costs } = branch;
  const rows = costs.map((cost, at) => {
    const before = costs.slice(0, at).reduce((sum, { multiplications }) => sum + multiplications, 0);
    const bar = barMarkup(before, cost.multiplications, most, room, at < costs.length - 1);
    const what = `${cost.kernel}×${cost.kernel}, ${cost.inputs} → ${cost.maps}`;
    return { what, parameters: spell(cost.parameters), multiplications: spell(cost.multiplications), bar };
  });
  const what = `all ${m.channels} pass`;
  if (!rows.length) rows.push({ what, parameters: "0", multiplications: "0", bar: "" });
  return rows
    .map((row, at) => {
      const head = at ? "" : `<th scope="rowgroup" rowspan="${rows.length}">${name}</th>`;
      return (
        `<tr data-branch="${name}">${head}<td${TO_LEFT}>${row.what}</td><td>${row.parameters}</td>` +
        `<td>${row.multiplications}</td><td${TO_LEFT}>${row.bar}</td></tr>`
      );
    })
    .join("");
}

/** A bar that begins where the one before it ended; a bottleneck's is hatched.
 * @param {number} before @param {number} size @param {number} most @param {number} room
 * @param {boolean} bottleneck */
function barMarkup(before, size, most, room, bottleneck) {
  const [x, wide] = [(before / most) * room, Math.max(1, (size / most) * room)];
  const lines = range(Math.floor(wide / 6)).map((i) => `M${x + 6 * i} 13l6 -12`);
  return (
    `<svg width="${room + 2}" height="14" aria-hidden="true"><rect data-bar="${size}" x="${x}" y="1" ` +
    `width="${wide}" height="12" fill="${palette.kernel}" fill-opacity="${bottleneck ? 0.35 : 1}" ` +
    `stroke="${palette.kernel}"/>` +
    (bottleneck ? `<path d="${lines.join("")}" stroke="${palette.kernel}" fill="none"/>` : "") +
    "</svg>"
  );
}

/** The channels that come in and those that go out, as two strips of one scale.
 * @param {Module} m @param {Branch[]} list @param {number} width */
function stripMarkup(m, list, width) {
  const out = totals(list).maps;
  const scale = (Math.min(width, 620) - 8) / Math.max(m.channels, out, 1);
  const size = `${m.side} × ${m.side}`;
  let x = 0;
  const pieces = list.map(({ name, maps }) => {
    const piece = stripPiece(x, maps * scale, "output", `${name}: ${maps}`, maps);
    x += maps * scale;
    return piece;
  });
  const line = list.map(({ maps }) => inRole("output", maps)).join(" + ");
  const total = list.length > 1 ? ` = <b data-maps="${out}">${out}</b>` : "";
  return (
    `<p class="cnn-formula">in: ${inRole("input", m.channels)} channels of ${size}, out: ` +
    `${line || "nothing"}${total} of the same size, side by side</p>` +
    `<svg class="cnn-strip" width="${Math.min(width, 620)}" height="60" aria-hidden="true"><g>` +
    `${stripPiece(0, m.channels * scale, "input", `in: ${m.channels}`, m.channels)}</g>` +
    `<g transform="translate(0 30)">${pieces.join("")}</g></svg>`
  );
}

/** @param {number} x @param {number} wide @param {string} role @param {string} text @param {number} maps */
function stripPiece(x, wide, role, text, maps) {
  const written = wide > text.length * 8 ? text : wide > String(maps).length * 9 ? String(maps) : "";
  return (
    `<rect data-strip="${maps}" x="${x + 1}" y="1" width="${Math.max(1, wide - 1)}" height="26" ` +
    `fill="${palette[role]}" stroke="var(--ground)" stroke-width="2"/>` +
    `<text x="${x + wide / 2}" y="14" font-size="12" fill="${inkOn(channels(palette[role]))}">${written}</text>`
  );
}

/** What the bottlenecks save. @param {Module} m */
function comparison(m) {
  const [own, straight] = [m, withoutBottlenecks(m)].map((each) => totals(branches(each)).multiplications);
  if (!own || own === straight) return "";
  const times =
    own < straight
      ? `${figures(straight / own)} times as many`
      : "fewer: these bottlenecks cost more than they save";
  const said = `Without the bottlenecks: <b data-straight="${straight}">${spell(straight)}</b> multiplications`;
  return `<p class="cnn-formula">${said}, ${times}.</p>`;
}

/** @param {Module} m */
function moduleSpoken(m) {
  const list = branches(m);
  if (!list.length) return "Every branch is switched off: nothing comes out. Give one of them maps.";
  const { parameters, multiplications, maps } = totals(list);
  const costs = list.map(({ costs }) => costs.reduce((sum, cost) => sum + cost.multiplications, 0));
  const most = costs.indexOf(Math.max(...costs));
  const share = figures((100 * costs[most]) / (multiplications || 1));
  return (
    `${m.side} × ${m.side} × ${m.channels} becomes ${m.side} × ${m.side} × ${maps} with ` +
    `${spell(parameters)} parameters and ${spell(multiplications)} multiplications` +
    (multiplications && list.length > 1 ? `; the ${list[most].name} branch has ${share} % of them.` : ".")
  );
}

// ---- scaling: depth, width and resolution against the cost, both axes in powers of two

/** @type {("depth" | "width" | "resolution")[]} */
const PARTS = ["depth", "width", "resolution"];
const LOOK = {
  depth: { role: "kernel", dash: "", letter: "α" },
  width: { role: "output", dash: "7 4", letter: "β" },
  resolution: { role: "input", dash: "2 3", letter: "γ" },
};
const [HIGH, LEFT, BELOW, ABOVE] = [250, 44, 40, 44];

/** @param {typeof PARTS[number]} part */
const stroke = (part) =>
  `stroke="${palette[LOOK[part].role]}" stroke-width="2" stroke-dasharray="${LOOK[part].dash}"`;

/** A point's shape tells what it is without its colour.
 * @param {typeof PARTS[number]} part @param {number} x @param {number} y @param {boolean} filled */
function dot(part, x, y, filled) {
  const colour = palette[LOOK[part].role];
  const look = `fill="${filled ? colour : "var(--ground)"}" stroke="${colour}" stroke-width="1.8"`;
  if (part === "depth") return `<path d="M${x} ${y - 5.5}l5.2 9h-10.4z" ${look}/>`;
  if (part === "width") return `<rect x="${x - 4.2}" y="${y - 4.2}" width="8.4" height="8.4" ${look}/>`;
  return `<circle cx="${x}" cy="${y}" r="4.6" ${look}/>`;
}

/** @param {Rule} rule @param {Published[]} nets @param {number} width */
function scalingMarkup(rule, nets, width) {
  const now = scaled(rule);
  const wide = Math.min(width, 760) - LEFT - 14;
  const octaves = Math.max(7, Math.log2(now.cost)); // as far as B7, or as the learner went
  const tall = Math.max(2, ...PARTS.map((part) => Math.log2(now[part])));
  const x = (/** @type {number} */ value) => LEFT + (Math.log2(value) / octaves) * wide;
  const y = (/** @type {number} */ value) => ABOVE + HIGH * (1 - Math.log2(value) / tall);
  const body =
    axes(x, y, octaves, tall) + lines(rule, x, y, octaves, tall) + points(nets, x, y) + chosen(now, x, y);
  return (
    `${key(rule, now)}<svg width="${wide + LEFT + 14}" height="${ABOVE + HIGH + BELOW}" aria-hidden="true">` +
    `${body}</svg><p class="cnn-heading">Open marks: the released B0 to B7, each at its own ` +
    `depth · width² · resolution².</p>`
  );
}

/** @typedef {(value: number) => number} Scale */
/** @param {Scale} x @param {Scale} y @param {number} octaves @param {number} tall */
function axes(x, y, octaves, tall) {
  const ticks = (/** @type {number} */ n) => range(Math.floor(n) + 1).filter((i) => i % Math.ceil(n / 8) === 0);
  const floor = ABOVE + HIGH;
  const upright = ticks(octaves).map((i) => {
    const at = x(2 ** i);
    return gridLine(`M${at} ${floor}V${ABOVE}`, at, floor + 13, figures(2 ** i));
  });
  const level = ticks(tall).map((i) => {
    const at = y(2 ** i);
    return gridLine(`M${LEFT} ${at}H${x(2 ** octaves)}`, LEFT - 16, at, figures(2 ** i));
  });
  return (
    `${upright.join("")}${level.join("")}` +
    `<text class="cnn-left" x="${LEFT}" y="${floor + 31}">cost, times B0's (multiply-adds by the rule)</text>` +
    `<text class="cnn-left" x="2" y="9">times B0's</text>`
  );
}

/** @param {string} path @param {number} x @param {number} y @param {string} text */
const gridLine = (path, x, y, text) =>
  `<path d="${path}" stroke="var(--line)" opacity=".5"/>` +
  `<text x="${x}" y="${y}" font-size="12" fill="currentColor">${text}</text>`;

/** Depth, width and resolution as φ grows. @param {Rule} rule @param {Scale} x @param {Scale} y
 * @param {number} octaves @param {number} tall */
function lines(rule, x, y, octaves, tall) {
  const growth = Math.log2(constraint(rule));
  const steepest = Math.log2(Math.max(rule.alpha, rule.beta, rule.gamma));
  const end = scaled({ ...rule, phi: Math.min(octaves / growth, tall / steepest, 99) });
  return PARTS.map((part) => {
    const path = `M${x(1)} ${y(1)}L${x(end.cost)} ${y(end[part])}`;
    return `<path data-line="${part}" d="${path}" ${stroke(part)} fill="none"/>`;
  }).join("");
}

/** @param {Published[]} nets @param {Scale} x @param {Scale} y */
const points = (nets, x, y) =>
  nets
    .map((net) => {
      const own = published(net);
      const at = x(own.cost);
      const marks = PARTS.map((part) => dot(part, at, y(own[part]), false)).join("");
      const name = `<text x="${at}" y="${ABOVE - 9}" font-size="12" fill="currentColor">${net.name}</text>`;
      return `<g data-net="${net.name}" data-cost="${own.cost}">${marks}${name}</g>`;
    })
    .join("");

/** @param {ReturnType<typeof scaled>} now @param {Scale} x @param {Scale} y */
function chosen(now, x, y) {
  const at = x(now.cost);
  const upright = `d="M${at} ${ABOVE}V${ABOVE + HIGH}"`;
  const marks = PARTS.map((part) => dot(part, at, y(now[part]), true)).join("");
  const mark = `<path class="cnn-active" ${upright}/><path class="cnn-active-dash" ${upright}/>`;
  return `<g data-chosen="${now.cost}">${mark}${marks}</g>`;
}

/** What the marks mean, with the formulas filled in.
 * @param {Rule} rule @param {ReturnType<typeof scaled>} now */
function key(rule, now) {
  const all = { depth: rule.alpha, width: rule.beta, resolution: rule.gamma };
  const parts = PARTS.map((part) => {
    const line = `<path d="M1 7H41" ${stroke(part)}/>${dot(part, 21, 7, true)}`;
    const sample = `<svg width="42" height="14" aria-hidden="true">${line}</svg>`;
    const pixels = part === "resolution" ? `, ${Math.round(PIXELS * now.resolution)} pixels` : "";
    const value = `<b data-part="${part}">${figures(now[part])}</b>${pixels}`;
    return (
      `<p class="cnn-formula">${sample} ${part} ${LOOK[part].letter}<sup>φ</sup> = ` +
      `${figures(all[part])}<sup>${figures(rule.phi)}</sup> = ${value}</p>`
    );
  });
  const once = constraint(rule);
  return (
    `<div class="cnn-working"><div>${parts.join("")}</div><div>` +
    `<p class="cnn-heading">α·β²·γ², which the paper wants near 2</p>` +
    `<p class="cnn-formula">${figures(rule.alpha)} · ${figures(rule.beta)}² · ${figures(rule.gamma)}² = ` +
    `<b data-constraint="${once}">${figures(once)}</b></p>` +
    `<p class="cnn-heading">cost, times B0's: (α·β²·γ²)<sup>φ</sup></p>` +
    `<p class="cnn-formula">${figures(once)}<sup>${figures(rule.phi)}</sup> = ` +
    `<b data-cost="${now.cost}">${figures(now.cost)}</b></p></div></div>`
  );
}

/** @param {Rule} rule @param {Published[]} nets */
function scalingSpoken(rule, nets) {
  const now = scaled(rule);
  const net = nearest(nets, now.cost);
  const own = published(net);
  const measured = net.macs / nets[0].macs;
  return (
    `φ = ${figures(rule.phi)}: depth ×\u00a0${figures(now.depth)}, width ×\u00a0${figures(now.width)}, ` +
    `${Math.round(PIXELS * now.resolution)} pixels a side; the cost is ${figures(now.cost)} times B0's. ` +
    `The nearest released network is ${net.name}: depth ×\u00a0${figures(net.depth)}, ` +
    `width ×\u00a0${figures(net.width)}, ${net.pixels} pixels, ${figures(own.cost)} times by the rule ` +
    `and ${figures(measured)} times when its multiply-adds are counted.`
  );
}

export default { render };
