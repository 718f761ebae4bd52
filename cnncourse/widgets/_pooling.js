// @ts-check
// The arithmetic of PoolLab. No DOM here: the tests run this file against torch.
import { outputSize, range } from "./_math.js";

/** @typedef {number[][]} Matrix */
/** @typedef {{image: Matrix, kind: string, window: number, stride: number, draw: number}} Pooling */
/** @typedef {{row: number, column: number, value: number, weight: number}} Seen a cell under a window */

export const KINDS = ["max", "average", "stochastic, expected", "stochastic, drawn", "blur"];

/** The picture moved down and right; zeros come in, and what leaves is gone.
 * @param {Matrix} image @param {number} dy @param {number} dx @returns {Matrix} */
export const shifted = (image, dy, dx) =>
  image.map((row, i) => row.map((_, j) => image[i - dy]?.[j - dx] ?? 0));

/** Rows or columns of the output, and how many at the end of the input no window reaches.
 * @param {number} n @param {Pooling} p */
export function axis(n, p) {
  const out = Math.max(0, outputSize(n, p.window, p.stride));
  const seen = out ? (out - 1) * p.stride + p.window : 0;
  return { n, out, seen, dropped: n - seen };
}

/** @param {Pooling} p */
export const geometry = (p) => ({ rows: axis(p.image.length, p), columns: axis(p.image[0].length, p) });

/** Why these settings have no output, in words; "" when they have one. @param {Pooling} p */
export function problem(p) {
  const { rows, columns } = geometry(p);
  if (!rows.out || !columns.out)
    return `A window of ${p.window} × ${p.window} is larger than ${rows.n} × ${columns.n}: shrink it.`;
  if (p.kind.startsWith("stochastic") && p.image.some((row) => row.some((v) => v < 0)))
    return "Stochastic pooling makes chances of the values, so none may be negative: it comes after a ReLU.";
  return "";
}

/** Binomial numbers that add up to 1: a blur of k cells, (1, 2, 1) / 4 for three.
 * @param {number} k @returns {number[]} */
export function binomial(k) {
  let line = [1];
  for (let i = 1; i < k; i++) line = range(i + 1).map((j) => ((line[j - 1] ?? 0) + (line[j] ?? 0)) / 2);
  return line;
}

/** A number in [0, 1) that depends on the draw and the place alone, mixed as MurmurHash3 ends.
 * @param {number} draw @param {number} i @param {number} j */
export function chance(draw, i, j) {
  let h = Math.imul(draw + 1, 0x9e3779b1) ^ Math.imul(i + 1, 0x85ebca6b) ^ Math.imul(j + 1, 0xc2b2ae35);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return ((h ^ (h >>> 16)) >>> 0) / 2 ** 32;
}

/** The cells under the window of an output cell, each with what it counts for: its weight in the sum, or 1
 * for the one that is kept and 0 for the others.
 * @param {Pooling} p @param {number} i @param {number} j @returns {Seen[]} */
export function under(p, i, j) {
  const cells = range(p.window).flatMap((u) =>
    range(p.window).map((v) => {
      const [row, column] = [i * p.stride + u, j * p.stride + v];
      return { row, column, value: p.image[row][column] };
    }),
  );
  const weights = weigh(
    p,
    cells.map((cell) => cell.value),
    i,
    j,
  );
  return cells.map((cell, at) => ({ ...cell, weight: weights[at] }));
}

/** @param {Pooling} p @param {number[]} values @param {number} i @param {number} j @returns {number[]} */
function weigh(p, values, i, j) {
  if (p.kind === "average") return values.map(() => 1 / values.length);
  if (p.kind === "blur") return binomial(p.window).flatMap((a) => binomial(p.window).map((b) => a * b));
  if (p.kind === "stochastic, expected") return shares(values);
  const kept = p.kind === "max" ? values.indexOf(Math.max(...values)) : drawn(values, chance(p.draw, i, j));
  return values.map((_, at) => Number(at === kept));
}

/** Each value's share of the sum: its chance to be drawn; equal chances where all are zero.
 * @param {number[]} values @returns {number[]} */
export function shares(values) {
  const total = values.reduce((a, b) => a + b, 0);
  return values.map((v) => (total ? v / total : 1 / values.length));
}

/** The index at which the running sum of the shares passes u. @param {number[]} values @param {number} u */
function drawn(values, u) {
  let reached = 0;
  const list = shares(values);
  const at = list.findIndex((share) => (reached += share) > u);
  return at < 0 ? list.reduce((last, share, k) => (share > 0 ? k : last), 0) : at; // rounding at the very end
}

/** Whether one cell of each window is kept as it is, so that one can say which. @param {string} kind */
export const keepsOne = (kind) => kind === "max" || kind === "stochastic, drawn";

/** The value of an output cell. @param {Pooling} p @param {number} i @param {number} j */
export function valueAt(p, i, j) {
  const seen = under(p, i, j);
  if (p.kind !== "stochastic, expected")
    return seen.reduce((sum, { value, weight }) => sum + value * weight, 0);
  const [sum, squares] = seen.reduce(([a, b], { value }) => [a + value, b + value * value], [0, 0]);
  return sum ? squares / sum : 0; // exact for whole numbers, where the shares would be rounded first
}

/** The whole output; empty when the settings have none. @param {Pooling} p @returns {Matrix} */
export function pool(p) {
  if (problem(p)) return [];
  const { rows, columns } = geometry(p);
  return range(rows.out).map((i) => range(columns.out).map((j) => valueAt(p, i, j)));
}

/** The input cells that some window keeps, as "row,column". @param {Pooling} p @returns {Set<string>} */
export function survivors(p) {
  const { rows, columns } = geometry(p);
  const kept = range(rows.out).flatMap((i) =>
    range(columns.out).flatMap((j) => under(p, i, j).filter((seen) => seen.weight === 1)),
  );
  return new Set(keepsOne(p.kind) ? kept.map(({ row, column }) => `${row},${column}`) : []);
}

/** Cell by cell. @param {Matrix} a @param {Matrix} b @returns {Matrix} */
export const minus = (a, b) => a.map((row, i) => row.map((v, j) => v - b[i][j]));

/** How many cells are not zero, rounding apart, and the largest magnitude.
 * @param {Matrix} difference */
export function changes(difference) {
  const all = difference.flat().map(Math.abs);
  return { cells: all.length, changed: all.filter((v) => v > 1e-9).length, largest: Math.max(0, ...all) };
}
