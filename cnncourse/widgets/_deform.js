// @ts-check
// The arithmetic of deformable convolution with a 3×3 kernel. No DOM here: the tests run this file against
// torch.
import { range } from "./_math.js";

/** @typedef {import("./_math.js").Matrix} Matrix */
/** @typedef {{image: Matrix, kernel: Matrix, offsets: number[][], modulated: boolean, masks: number[]}} Sampling */
/** @typedef {{row: number, column: number, weight: number, value: number, inside: boolean}} Corner */
/** @typedef {{rigid: number[], row: number, column: number, corners: Corner[], value: number, weight: number,
 *             mask: number, product: number}} Sample */

export const TAPS = 9;

/** The four pixels around a place, each with its share; outside the image there are zeros.
 * @param {Matrix} image @param {number} row @param {number} column @returns {Corner[]} */
export function corners(image, row, column) {
  const [top, left] = [Math.floor(row), Math.floor(column)];
  return [0, 1].flatMap((i) =>
    [0, 1].map((j) => {
      const weight = (1 - Math.abs(row - top - i)) * (1 - Math.abs(column - left - j));
      const value = image[top + i]?.[left + j];
      return { row: top + i, column: left + j, weight, value: value ?? 0, inside: value !== undefined };
    }),
  );
}

/** The image read between its pixels. @param {Matrix} image @param {number} row @param {number} column */
export const bilinear = (image, row, column) =>
  corners(image, row, column).reduce((total, c) => total + c.weight * c.value, 0);

/** Where tap n stands on the rigid grid around a cell. @param {number[]} cell @param {number} n */
export const rigidPlace = (cell, n) => [cell[0] + Math.floor(n / 3) - 1, cell[1] + (n % 3) - 1];

/** What the nine taps read at a cell, in the kernel's order. @param {Sampling} s @param {number[]} cell
 * @returns {Sample[]} */
export function samples(s, cell) {
  return range(TAPS).map((n) => {
    const rigid = rigidPlace(cell, n);
    const [row, column] = [rigid[0] + s.offsets[n][0], rigid[1] + s.offsets[n][1]];
    const [value, weight] = [bilinear(s.image, row, column), s.kernel[Math.floor(n / 3)][n % 3]];
    const mask = s.modulated ? s.masks[n] : 1;
    const product = value * weight * mask;
    return { rigid, row, column, corners: corners(s.image, row, column), value, weight, mask, product };
  });
}

/** @param {Sampling} s @param {number[]} cell */
export const response = (s, cell) => samples(s, cell).reduce((total, sample) => total + sample.product, 0);

/** The response at every cell, each with these offsets. @param {Sampling} s @returns {Matrix} */
export const output = (s) => s.image.map((row, i) => row.map((_, j) => response(s, [i, j])));

/** The same without offsets and masks: an ordinary convolution. @param {Sampling} s @returns {Sampling} */
export const rigid = (s) => ({ ...s, offsets: range(TAPS).map(() => [0, 0]), modulated: false });

/** The tap that reads nearest to a place. @param {Sampling} s @param {number[]} cell @param {number} row
 * @param {number} column */
export function nearest(s, cell, row, column) {
  const far = samples(s, cell).map((p) => (p.row - row) ** 2 + (p.column - column) ** 2);
  return far.indexOf(Math.min(...far));
}
