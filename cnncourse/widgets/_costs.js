// @ts-check
// The arithmetic of CostLab. No DOM here: the tests run this file against Python and torch.
import { convParameters } from "./_math.js";

/** @typedef {{side: number, channels: number, one: number, reduce3: number, three: number, reduce5: number,
 *             five: number, pool: number, pooling: boolean}} Module */
/** @typedef {{kernel: number, inputs: number, maps: number, parameters: number,
 *             multiplications: number}} Cost one convolution */
/** @typedef {{name: string, costs: Cost[], maps: number}} Branch */
/** @typedef {{phi: number, alpha: number, beta: number, gamma: number}} Rule */
/** @typedef {{name: string, width: number, depth: number, pixels: number, macs: number}} Published */

/** The resolution of B0, which all others are measured against. */
export const PIXELS = 224;

/** A chain of [kernel, maps] as convolutions of known cost.
 * @param {Module} m @param {number[][]} chain @returns {Cost[]} */
function chained(m, chain) {
  return chain.map(([kernel, maps], at) => {
    const inputs = at ? chain[at - 1][1] : m.channels;
    return {
      kernel,
      inputs,
      maps,
      parameters: convParameters(inputs, maps, kernel, 1, true),
      multiplications: m.side * m.side * convParameters(inputs, maps, kernel, 1, false),
    };
  });
}

/** A convolution, with a 1×1 before it where there is a bottleneck.
 * @param {number} bottleneck @param {number} kernel @param {number} maps */
const reduced = (bottleneck, kernel, maps) => {
  const last = [kernel, maps];
  return bottleneck ? [[1, bottleneck], last] : [last];
};

/** The branches that exist, in the order in which their maps are concatenated.
 * @param {Module} m @returns {Branch[]} */
export function branches(m) {
  /** @type {[string, boolean, number[][], number][]} */
  const all = [
    ["1×1", m.one > 0, [[1, m.one]], m.one],
    ["3×3", m.three > 0, reduced(m.reduce3, 3, m.three), m.three],
    ["5×5", m.five > 0, reduced(m.reduce5, 5, m.five), m.five],
    ["pool", m.pooling, m.pool ? [[1, m.pool]] : [], m.pool || m.channels],
  ];
  return all
    .filter(([, exists]) => exists)
    .map(([name, , chain, maps]) => ({ name, costs: chained(m, chain), maps }));
}

/** @param {Branch[]} list */
export function totals(list) {
  const all = list.flatMap(({ costs }) => costs);
  return {
    parameters: all.reduce((sum, cost) => sum + cost.parameters, 0),
    multiplications: all.reduce((sum, cost) => sum + cost.multiplications, 0),
    maps: list.reduce((sum, { maps }) => sum + maps, 0),
  };
}

/** The same maps of the same sizes, made straight from the input. @param {Module} m @returns {Module} */
export const withoutBottlenecks = (m) => ({ ...m, reduce3: 0, reduce5: 0 });

// ---- compound scaling

/** @param {Rule} rule */
export const constraint = ({ alpha, beta, gamma }) => alpha * beta ** 2 * gamma ** 2;

/** Depth, width and resolution as multiples of B0's, and the cost that follows. @param {Rule} rule */
export function scaled(rule) {
  const [depth, width, resolution] = [rule.alpha, rule.beta, rule.gamma].map((base) => base ** rule.phi);
  return { depth, width, resolution, cost: cost(depth, width, resolution) };
}

/** How the multiply-adds of convolutions grow. @param {number} depth @param {number} width
 * @param {number} resolution */
const cost = (depth, width, resolution) => depth * width ** 2 * resolution ** 2;

/** The same of a published network. @param {Published} net */
export function published({ depth, width, pixels }) {
  const resolution = pixels / PIXELS;
  return { depth, width, resolution, cost: cost(depth, width, resolution) };
}

/** The published network whose cost is nearest as a ratio. @param {Published[]} nets @param {number} to */
export function nearest(nets, to) {
  const away = nets.map((net) => Math.abs(Math.log(published(net).cost / to)));
  return nets[away.indexOf(Math.min(...away))];
}
