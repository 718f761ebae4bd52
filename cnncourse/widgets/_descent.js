// @ts-check
// Seven optimisers on surfaces of two variables. No DOM here: the tests run this file against torch.optim.

/** @typedef {[number, number]} Point */
/** @typedef {Record<string, any>} State */
/** @typedef {(p: number, g: number, state: State, rate: number) => number} Step of one number */

/** name → height and gradient. @type {Record<string, {f: (x: number, y: number) => number,
 *                                                     gradient: (x: number, y: number) => Point}>} */
export const SURFACES = {
  ravine: { f: (x, y) => (x * x + 25 * y * y) / 2, gradient: (x, y) => [x, 25 * y] },
  "curved valley": {
    f: (x, y) => (1 - x) ** 2 + 10 * (y - x * x) ** 2,
    gradient: (x, y) => [-2 * (1 - x) - 40 * x * (y - x * x), 20 * (y - x * x)],
  },
  saddle: {
    f: (x, y) => (x * x - y * y) / 2 + y ** 4 / 4,
    gradient: (x, y) => [x, y ** 3 - y],
  },
  "two valleys": {
    f: (x, y) => x ** 4 / 4 - (x * x) / 2 + 0.15 * x + (y * y) / 2,
    gradient: (x, y) => [x ** 3 - x + 0.15, y],
  },
  plateau: {
    f: (x, y) => 1 - Math.exp(-x * x - y * y),
    gradient: (x, y) => {
      const e = 2 * Math.exp(-x * x - y * y);
      return [x * e, y * e];
    },
  },
};

/** The running mean that keeps the share `decay`. @param {number} decay @param {number} old
 * @param {number} now */
const fade = (decay, old, now) => decay * old + (1 - decay) * now;

/** name → one step for one number, with torch.optim's settings. @type {Record<string, Step>} */
export const OPTIMIZERS = {
  "gradient descent": (p, g, _, rate) => p - rate * g,
  momentum: (p, g, s, rate) => {
    s.velocity = 0.9 * (s.velocity ?? 0) + g;
    return p - rate * s.velocity;
  },
  NAG: (p, g, s, rate) => {
    s.velocity = 0.9 * (s.velocity ?? 0) + g;
    return p - rate * (g + 0.9 * s.velocity);
  },
  AdaGrad: (p, g, s, rate) => {
    s.squares = (s.squares ?? 0) + g * g;
    return p - (rate * g) / (Math.sqrt(s.squares) + 1e-10);
  },
  RMSprop: (p, g, s, rate) => {
    s.squares = fade(0.99, s.squares ?? 0, g * g);
    return p - (rate * g) / (Math.sqrt(s.squares) + 1e-8);
  },
  AdaDelta: (p, g, s, rate) => {
    s.squares = fade(0.9, s.squares ?? 0, g * g);
    const step = (Math.sqrt((s.steps ?? 0) + 1e-6) / Math.sqrt(s.squares + 1e-6)) * g;
    s.steps = fade(0.9, s.steps ?? 0, step * step);
    return p - rate * step;
  },
  Adam: (p, g, s, rate) => {
    s.t = (s.t ?? 0) + 1;
    s.mean = fade(0.9, s.mean ?? 0, g);
    s.squares = fade(0.999, s.squares ?? 0, g * g);
    const root = Math.sqrt(s.squares / (1 - 0.999 ** s.t)) + 1e-8;
    return p - (rate * s.mean) / (1 - 0.9 ** s.t) / root;
  },
};

/** Where an optimiser goes: its start and every step.
 * @param {string} optimizer @param {string} surface @param {Point} start @param {number} rate
 * @param {number} steps @returns {Point[]} */
export function pathOf(optimizer, surface, start, rate, steps) {
  const step = OPTIMIZERS[optimizer];
  const { gradient } = SURFACES[surface];
  /** @type {State[]} */ const states = [{}, {}];
  /** @type {Point[]} */ const path = [start];
  for (let [x, y] = start; path.length <= steps; ) {
    const [gx, gy] = gradient(x, y);
    [x, y] = [step(x, gx, states[0], rate), step(y, gy, states[1], rate)];
    path.push([x, y]);
  }
  return path;
}

/** Height at the end of a path; NaN where it has left for infinity. @param {string} surface
 * @param {Point[]} path */
export function endOf(surface, path) {
  const height = SURFACES[surface].f(...path[path.length - 1]);
  return Math.abs(height) < 1e6 ? height : NaN;
}

/** 0.0001 to 100, eight to a factor of ten. */
export const RATES = Array.from({ length: 49 }, (_, i) => Number((10 ** (i / 8 - 4)).toPrecision(2)));

/** The rate of `RATES` that ends lowest after so many steps.
 * @param {string} optimizer @param {string} surface @param {Point} start @param {number} steps */
export function bestRate(optimizer, surface, start, steps) {
  let [best, lowest] = [RATES[0], Infinity];
  for (const rate of RATES) {
    const height = endOf(surface, pathOf(optimizer, surface, start, rate, steps));
    if (height < lowest) [best, lowest] = [rate, height];
  }
  return best;
}
