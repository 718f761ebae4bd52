// @ts-check
// The arithmetic of receptive fields. No DOM here: the tests run this file against torch.
import { clamp, outputSize, range, spanOf } from "./_math.js";

/** @typedef {number[]} Layer kernel size, stride, padding, dilation */
/** @typedef {{size: number, jump: number, start: number}} Field */

/** The maps' sizes along one axis, the input's first; the list ends before a layer that does not fit.
 * @param {Layer[]} layers @param {number} n */
export function sizes(layers, n) {
  const found = [n];
  for (const [k, s, p, d] of layers) {
    const next = outputSize(found[found.length - 1], k, s, p, d);
    if (next < 1) break;
    found.push(next);
  }
  return found;
}

/** What a unit sees after each layer, the input's own pixel first.
 * @param {Layer[]} layers @returns {Field[]} */
export function fields(layers) {
  const found = [{ size: 1, jump: 1, start: 0 }];
  for (const [k, s, p, d] of layers) {
    const { size, jump, start } = found[found.length - 1];
    found.push({ size: size + d * (k - 1) * jump, jump: jump * s, start: start - p * jump });
  }
  return found;
}

/** The first and the last position that a unit sees; those outside 0 … n − 1 are padding.
 * @param {Field} field @param {number} unit */
export function box(field, unit) {
  const first = field.start + unit * field.jump;
  return [first, first + field.size - 1];
}

/** The middle of what a unit sees. @param {Field} field @param {number} unit */
export const centre = (field, unit) => field.start + unit * field.jump + (field.size - 1) / 2;

/** The unit whose field is centred nearest to a position.
 * @param {Field} field @param {number} position @param {number} units */
export const unitAt = (field, position, units) =>
  clamp(Math.round((position - centre(field, 0)) / field.jump), 0, units - 1);

/** In how many ways each input pixel of one axis reaches a unit: the gradient where every weight is 1.
 * @param {Layer[]} layers @param {number} n @param {number} unit */
export function paths(layers, n, unit) {
  const lengths = sizes(layers, n);
  let counts = range(lengths[layers.length]).map((i) => Number(i === unit));
  for (let at = layers.length - 1; at >= 0; at--) counts = down(layers[at], counts, lengths[at]);
  return counts;
}

/** Hand every count down to the `n` cells that its unit reads; padding takes its part and keeps it.
 * @param {Layer} layer @param {number[]} counts @param {number} n */
function down([k, s, p, d], counts, n) {
  const below = range(n).map(() => 0);
  counts.forEach((count, i) => {
    for (let u = 0; u < k; u++) {
      const j = i * s + u * d - p;
      if (j >= 0 && j < n) below[j] += count;
    }
  });
  return below;
}

/** The heat of a picture whose axes do not know of each other, row by row.
 * @param {number[]} rows @param {number[]} columns */
export const product = (rows, columns) => Float64Array.from(rows.flatMap((r) => columns.map((c) => r * c)));

/** Sides of the smallest box about the field's middle that holds this share of the heat.
 * @param {ArrayLike<number>} heat row by row @param {number[]} shape @param {{row: Field, column: Field}} field
 * @param {number[]} unit @param {number} share */
export function core(heat, [height, width], field, unit, share = 0.95) {
  const middle = [centre(field.row, unit[0]), centre(field.column, unit[1])];
  const half = [((field.row.size - 1) / 2) % 1, ((field.column.size - 1) / 2) % 1];
  let total = 0;
  for (let i = 0; i < height * width; i++) total += heat[i];
  for (let grown = 0; ; grown++) {
    const [down, across] = half.map((h) => h + grown);
    let held = 0;
    for (let i = Math.max(0, middle[0] - down); i <= Math.min(height - 1, middle[0] + down); i++)
      for (let j = Math.max(0, middle[1] - across); j <= Math.min(width - 1, middle[1] + across); j++)
        held += heat[i * width + j];
    const all = Math.max(down - field.row.size / 2, across - field.column.size / 2) >= 0;
    if ((total && held >= share * total) || all)
      return [Math.min(2 * down + 1, field.row.size), Math.min(2 * across + 1, field.column.size)];
  }
}

/** Heat added up over the rows, one number for each column.
 * @param {ArrayLike<number>} heat @param {number[]} shape */
export const profile = (heat, [height, width]) =>
  range(width).map((j) => range(height).reduce((sum, i) => sum + heat[i * width + j], 0));

/** Why these layers make no map, in words; "" when they make one.
 * @param {Layer[]} layers @param {number[]} shape */
export function problem(layers, shape) {
  for (const [axis, n] of shape.entries()) {
    const there = sizes(layers, n);
    if (there.length > layers.length) continue;
    const [k, , p, d] = layers[there.length - 1];
    const left = there[there.length - 1] + 2 * p;
    return (
      `Layer ${there.length} reaches over ${spanOf(k, d)} ${axis ? "columns" : "rows"}, and only ${left} are left, ` +
      "padding included: it has no place. Try a larger input, more padding or fewer layers."
    );
  }
  return "";
}
