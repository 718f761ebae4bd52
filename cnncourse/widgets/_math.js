// @ts-check
// The arithmetic of the widgets. No DOM here: the tests run this file against torch.

/** @typedef {number[][]} Matrix */
/** @typedef {{image: Matrix, kernel: Matrix, stride: number, padding: number, mode: string, dilation: number,
 *             flip: boolean}} Convolution */
/** @typedef {{n: number, k: number, padded: number, span: number, out: number, seen: number,
 *             dropped: number}} Axis */
/** @typedef {{x: number, w: number, product: number, row: number, column: number, padding: boolean}} Term */

/** Cells that a kernel of size k reaches over when its taps are `dilation` apart.
 * @param {number} k @param {number} dilation */
export const spanOf = (k, dilation) => dilation * (k - 1) + 1;

/** ⌊(n + 2p − d(k − 1) − 1) / s⌋ + 1; zero or less when the kernel has no place.
 * @param {number} n @param {number} k @param {number} stride @param {number} padding
 * @param {number} dilation */
export const outputSize = (n, k, stride = 1, padding = 0, dilation = 1) =>
  Math.floor((n + 2 * padding - spanOf(k, dilation)) / stride) + 1;

/** One side of a convolution: sizes, and how many padded cells at the end no window reaches.
 * @param {number} n @param {number} k @param {Convolution} c @returns {Axis} */
function axisOf(n, k, c) {
  const padded = n + 2 * c.padding;
  const span = spanOf(k, c.dilation);
  const out = Math.max(0, outputSize(n, k, c.stride, c.padding, c.dilation));
  const seen = out ? (out - 1) * c.stride + span : 0;
  return { n, k, padded, span, out, seen, dropped: padded - seen };
}

/** @param {Convolution} c @returns {{rows: Axis, columns: Axis}} */
export const geometry = (c) => ({
  rows: axisOf(c.image.length, c.kernel.length, c),
  columns: axisOf(c.image[0].length, c.kernel[0].length, c),
});

/** Why these settings have no output, in words; "" when they have one. The limits are torch's.
 * @param {Convolution} c */
export function problem(c) {
  const { rows, columns } = geometry(c);
  const shortest = Math.min(rows.n, columns.n);
  if (c.mode === "reflect" && c.padding >= shortest)
    return `Reflection needs a padding smaller than the input: ${c.padding} is not smaller than ${shortest}.`;
  if (c.mode === "circular" && c.padding > shortest)
    return `A padding of ${c.padding} would wrap around an input of ${shortest} more than once.`;
  for (const [axis, name] of /** @type {[Axis, string][]} */ ([
    [rows, "rows"],
    [columns, "columns"],
  ]))
    if (axis.span > axis.padded) return noPlace(axis, name, c.dilation);
  return "";
}

/** @param {Axis} axis @param {string} name @param {number} dilation */
function noPlace(axis, name, dilation) {
  const why = dilation > 1 ? ` (${dilation}·(${axis.k} − 1) + 1)` : "";
  return (
    `The kernel reaches over ${axis.span} ${name}${why}, and the padded input has only ${axis.padded}: ` +
    "it has no place. Try more padding, less dilation or a smaller kernel."
  );
}

/** The input index that a padded index reads, counted from the input's first cell; −1: a padding zero.
 * @param {number} i @param {number} n @param {string} mode */
export function source(i, n, mode) {
  if (i >= 0 && i < n) return i;
  if (mode === "reflect") return i < 0 ? -i : 2 * (n - 1) - i;
  if (mode === "replicate") return i < 0 ? 0 : n - 1;
  if (mode === "circular") return (i + n) % n;
  return -1;
}

/** The value at a padded position.
 * @param {Convolution} c @param {number} row @param {number} column */
export function paddedValue(c, row, column) {
  const a = source(row - c.padding, c.image.length, c.mode);
  const b = source(column - c.padding, c.image[0].length, c.mode);
  return a < 0 || b < 0 ? 0 : c.image[a][b];
}

/** The kernel turned half round. @param {Matrix} kernel @returns {Matrix} */
export const flipped = (kernel) => [...kernel].reverse().map((row) => [...row].reverse());

/** The kernel as it is laid on the input. @param {Convolution} c */
export const laid = (c) => (c.flip ? flipped(c.kernel) : c.kernel);

/** What the window under an output cell multiplies, in the kernel's order.
 * @param {Convolution} c @param {number} i @param {number} j @returns {Term[]} */
export function terms(c, i, j) {
  return laid(c).flatMap((weights, u) =>
    weights.map((w, v) => {
      const row = i * c.stride + u * c.dilation;
      const column = j * c.stride + v * c.dilation;
      const x = paddedValue(c, row, column);
      const inside =
        row >= c.padding &&
        row < c.padding + c.image.length &&
        column >= c.padding &&
        column < c.padding + c.image[0].length;
      return { x, w, product: x * w, row, column, padding: !inside };
    }),
  );
}

/** @param {Term[]} list */
export const sum = (list) => list.reduce((total, term) => total + term.product, 0);

/** The whole output; empty when the settings have none. @param {Convolution} c @returns {Matrix} */
export function convolve(c) {
  if (problem(c)) return [];
  const { rows, columns } = geometry(c);
  return range(rows.out).map((i) => range(columns.out).map((j) => sum(terms(c, i, j))));
}

/** The output cell whose window is centred nearest to a padded input position.
 * @param {number} position @param {Axis} axis @param {number} stride */
export const windowAt = (position, axis, stride) =>
  clamp(Math.round((position - (axis.span - 1) / 2) / stride), 0, axis.out - 1);

/** @param {number} n */
export const range = (n) => Array.from({ length: n }, (_, i) => i);

/** @param {number} v @param {number} low @param {number} high */
export const clamp = (v, low, high) => Math.max(low, Math.min(high, v));

/** Rounded to three significant figures; a tie goes to the even digit, as Python rounds.
 * @param {number} v */
function rounded(v) {
  const [digits, exponent] = v.toExponential(60).split("e"); // every digit of the binary number
  const tie = /^-?\d\.\d[02468]50*$/.test(digits);
  return tie ? Number(`${digits.slice(0, digits.indexOf(".") + 3)}e${exponent}`) : Number(v.toPrecision(3));
}

/** A number with at most three significant figures, as cnncourse.display writes it: 0.125, −1.5, 1230, 2.5e6.
 * Rounding noise counts as zero.
 * @param {number} v */
export function figures(v) {
  if (Math.abs(v) < 1e-9) return "0";
  const short = rounded(v);
  const small = Math.abs(v) < 1e-3 || Math.abs(v) >= 1e5;
  const text = small ? short.toExponential().replace("e+", "e") : String(short);
  return text.replace(/-/g, "−");
}

/** Whether `figures` shows less than the number. @param {number} v */
export const isRounded = (v) => Math.abs(rounded(v) - v) > 1e-9;

/** What a learner typed: "0.5", "-1", "−1", "1/9". NaN when it is no number.
 * @param {string} text */
export function parse(text) {
  const parts = text.replace(/−/g, "-").trim().split("/");
  if (parts.length > 2 || parts.some((part) => part.trim() === "")) return NaN;
  const value = parts.length === 1 ? Number(parts[0]) : Number(parts[0]) / Number(parts[1]);
  return Number.isFinite(value) ? value : NaN;
}

/** @param {Matrix} a @param {Matrix} b */
export const same = (a, b) =>
  a.length === b.length &&
  a.every((row, i) => row.length === b[i].length && row.every((v, j) => v === b[i][j]));

// ---- a kernel on a photo

/** One grey plane of an image of bytes, in [0, 1]. `channel` is 0, 1, 2, or −1 for the luminance of all
 * three (ITU-R BT.709, as scikit-image has it).
 * @param {Uint8Array} bytes planes one after the other @param {number[]} shape channels, height, width
 * @param {number} channel */
export function plane(bytes, [channels, height, width], channel) {
  const size = height * width;
  const weights =
    channels === 1
      ? [1]
      : channel < 0
        ? [0.2125, 0.7154, 0.0721]
        : [0, 1, 2].map((c) => Number(c === channel));
  const grey = new Float32Array(size);
  weights.forEach((weight, c) => {
    for (let i = 0; weight && i < size; i++) grey[i] += (weight * bytes[c * size + i]) / 255;
  });
  return grey;
}

/** Cross-correlate a plane with a kernel, no padding.
 * @param {Float32Array} x @param {number} height @param {number} width @param {Matrix} kernel
 * @param {number} bias */
export function correlate(x, height, width, kernel, bias = 0) {
  const rows = height - kernel.length + 1;
  const columns = width - kernel[0].length + 1;
  const map = new Float32Array(rows * columns).fill(bias);
  kernel.forEach((weights, u) =>
    weights.forEach((weight, v) => {
      if (!weight) return;
      for (let i = 0; i < rows; i++)
        for (let j = 0, from = (i + u) * width + v, to = i * columns; j < columns; j++)
          map[to + j] += weight * x[from + j];
    }),
  );
  return { map, rows, columns };
}

/** Smallest and largest value. @param {Float32Array} values */
export function extent(values) {
  let [low, high] = [Infinity, -Infinity];
  for (const v of values) {
    if (v < low) low = v;
    if (v > high) high = v;
  }
  return [low, high];
}

// ---- channels and groups

/** Weights and biases of a convolution layer.
 * @param {number} inputs @param {number} outputs @param {number} k @param {number} groups
 * @param {boolean} bias */
export const convParameters = (inputs, outputs, k, groups, bias) =>
  k * k * (inputs / groups) * outputs + (bias ? outputs : 0);

/** Group counts that divide both. @param {number} inputs @param {number} outputs */
export const possibleGroups = (inputs, outputs) =>
  range(Math.min(inputs, outputs))
    .map((i) => i + 1)
    .filter((g) => inputs % g === 0 && outputs % g === 0);
