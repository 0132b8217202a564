import { gaussLegendre } from '../special/gauss-legendre.ts'
import { normalPdf, normalSf, normalUpperQuantile } from '../special/normal.ts'
import type { Criterion, Sides } from './criterion.ts'
import { type Spending, spent } from './spending.ts'

export const LOOKS_MAX = 50
/** Information fraction between two looks; closer ones would cost much and decide nothing. */
export const LOOK_DISTANCE_MIN = 0.005
/** Standard deviations where an open side of the continuation region is cut; beyond lie 1e-38 of the mass. */
const OPEN_SIDE = 13
/** Alpha below which a look cannot stop anything; its bound is Infinity. */
const SPENDING_MIN = 1e-30

export interface LookPlan {
  /** Information fractions of all looks so far, ascending, the last at most 1. */
  readonly fractions: readonly number[]
  readonly alpha: number
  readonly sides: Sides
  readonly spending: Spending
}

/**
 * Bounds on z for each look, so that the looks together reject a true null with probability `alpha`. Two-sided bounds are
 * symmetric and spend half of alpha on each side.
 *
 * The score process at look k is a Brownian motion at time t_k. Its density on the region where nothing stopped it is
 * carried from look to look by integration (Armitage, McPherson, Rowe, JRSS A 132, 1969; Jennison and Turnbull, Group
 * Sequential Methods, 1999, 19.2), here with Gauss–Legendre nodes dense enough for 1e-9 in z.
 */
export function groupSequentialBounds({ fractions, alpha, sides, spending }: LookPlan): readonly number[] {
  checkFractions(fractions)
  const side = sides === 'two' ? alpha / 2 : alpha
  const bounds: number[] = []
  let mass: Mass | undefined
  for (let k = 0; k < fractions.length; k++) {
    const t = fractions[k]!
    const before = k === 0 ? 0 : fractions[k - 1]!
    const quota = spent(spending, side, t) - (k === 0 ? 0 : spent(spending, side, before))
    const deviation = Math.sqrt(t - before)
    const bound =
      quota < SPENDING_MIN
        ? Number.POSITIVE_INFINITY
        : mass === undefined
          ? normalUpperQuantile(quota)
          : exitBound(mass, deviation, quota, Math.sqrt(t)) / Math.sqrt(t)
    bounds.push(bound)
    const next = fractions[k + 1]
    if (next === undefined) break
    const high = Math.min(bound, OPEN_SIDE) * Math.sqrt(t)
    const low = sides === 'two' ? -high : -OPEN_SIDE * Math.sqrt(t)
    mass = carry(mass, { low, high, deviation, finest: Math.min(deviation, Math.sqrt(next - t)) })
  }
  return bounds
}

/** Quadrature of the density on the continuation region: probability mass `weights` at points `at`. */
interface Mass {
  readonly at: Float64Array
  readonly weights: Float64Array
  readonly high: number
}

interface Region {
  readonly low: number
  readonly high: number
  /** Of the step that led here. */
  readonly deviation: number
  /** The narrowest Gaussian the nodes have to resolve. */
  readonly finest: number
}

function carry(from: Mass | undefined, { low, high, deviation, finest }: Region): Mass {
  const { nodes, weights } = gaussLegendre(40 + Math.ceil((3 * (high - low)) / finest))
  const half = 0.5 * (high - low)
  const at = nodes.map((node) => low + half * (1 + node))
  return {
    at,
    high,
    weights: at.map((x, i) => {
      let density = 0
      if (from === undefined) density = normalPdf(x / deviation)
      else
        for (let j = 0; j < from.at.length; j++) density += from.weights[j]! * normalPdf((x - from.at[j]!) / deviation)
      return (weights[i]! * half * density) / deviation
    }),
  }
}

/**
 * The y above which mass `quota` lies after one more step. Newton on the logarithm, which is concave in y, descends to it
 * from any larger y, and two are known: the bound without earlier looks, and that of all mass at the region's upper end.
 */
function exitBound(mass: Mass, deviation: number, quota: number, deviationOfScore: number): number {
  const z = normalUpperQuantile(quota)
  let y = Math.min(deviationOfScore * z, mass.high + deviation * z)
  for (let step = 0; step < 100; step++) {
    let above = 0
    let density = 0
    for (let i = 0; i < mass.at.length; i++) {
      const steps = (y - mass.at[i]!) / deviation
      above += mass.weights[i]! * normalSf(steps)
      density += (mass.weights[i]! * normalPdf(steps)) / deviation
    }
    const change = (Math.log(above / quota) * above) / density
    y += change
    if (Math.abs(change) <= 1e-13 * Math.max(1, Math.abs(y))) break
  }
  return y
}

/** p-values are searched down to here. */
const P_MIN = 1e-12
const SIDE_ALPHA_MAX = 0.49

/**
 * Criterion of the last look in `fractions`. The p-value is the repeated one: the smallest alpha with which the same plan
 * would have stopped at this look (Jennison and Turnbull, 1999, 9.3), at least 1e-12.
 */
export function groupSequentialCriterion(plan: LookPlan): Criterion {
  const last = (alpha: number) => groupSequentialBounds({ ...plan, alpha }).at(-1)!
  return {
    critical: last(plan.alpha),
    pValue: (z) => {
      const reached = plan.sides === 'two' ? Math.abs(z) : z
      const short = (logAlpha: number) => last(Math.exp(logAlpha)) - reached
      const highest = Math.log(SIDE_ALPHA_MAX * (plan.sides === 'two' ? 2 : 1))
      const lowest = Math.log(P_MIN)
      if (short(highest) > 0) return 1
      if (short(lowest) <= 0) return P_MIN
      return Math.exp(fallingRoot(short, lowest, highest))
    },
  }
}

/** Root of a falling function in a bracket: false position, weights halved at the end that stays (Illinois). */
function fallingRoot(f: (x: number) => number, low: number, high: number): number {
  let [a, fa, b, fb] = [low, Math.min(f(low), 1e3), high, f(high)]
  let stayed = 0
  for (let step = 0; step < 200 && b - a > 1e-10; step++) {
    const x = (a * fb - b * fa) / (fb - fa)
    const fx = f(x)
    if (fx > 0) {
      ;[a, fa] = [x, fx]
      if (stayed === 1) fb *= 0.5
      stayed = 1
    } else {
      ;[b, fb] = [x, fx]
      if (stayed === -1) fa *= 0.5
      stayed = -1
    }
    if (fx === 0) break
  }
  return b
}

function checkFractions(fractions: readonly number[]): void {
  if (fractions.length === 0 || fractions.length > LOOKS_MAX) {
    throw new RangeError(`${fractions.length} looks; a plan has 1 to ${LOOKS_MAX}`)
  }
  fractions.forEach((t, k) => {
    const before = k === 0 ? 0 : fractions[k - 1]!
    if (!(t <= 1 && t - before >= LOOK_DISTANCE_MIN)) {
      throw new RangeError(
        `look ${k + 1} at information fraction ${t} after ${before}: each must add ${LOOK_DISTANCE_MIN} and none exceed 1`,
      )
    }
  })
}
