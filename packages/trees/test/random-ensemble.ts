import { type Rng, rng } from '@sluice/testing'
import type { Tree, TreeEnsemble } from '../src/tree-ensemble.ts'

/** Values that two implementations of one comparison may treat differently. */
const SPECIALS = [
  0, -0, 1, -1, 1.401298464324817e-45, -1.401298464324817e-45, 1.1754942106924411e-38, -1.1754942106924411e-38,
  3.4028234663852886e38, -3.4028234663852886e38, 16_777_215, 16_777_216,
].map(Math.fround)

const word = new Float32Array(1)
const bits = new Int32Array(word.buffer)

/** The float32 next to a finite value, `steps` away in the order of its bits. */
function step(value: number, steps: number): number {
  word[0] = value
  bits[0] = bits[0]! + steps
  return Number.isFinite(word[0]) ? word[0] : value
}

function anyFloat(random: Rng): number {
  bits[0] = random.int(-(2 ** 31), 2 ** 31 - 1)
  return Number.isFinite(word[0]!) ? word[0]! : random.next()
}

const GROWTHS = ['balanced', 'chain', 'any'] as const

interface EnsembleOptions {
  readonly trees: number
  readonly width: number
  readonly outputs: number
  readonly vectorLeaves: boolean
  /** Leaves per tree; at least one unless `leavesMin` says more. */
  readonly leavesMax: number
  readonly leavesMin?: number
  /** Which leaf is split next; drawn per tree unless given. */
  readonly growth?: (typeof GROWTHS)[number]
  readonly categories: boolean
  /** Distinct thresholds that a feature draws from, about. */
  readonly thresholdPool: number
}

export interface RandomCase {
  readonly ensemble: TreeEnsemble
  /** Row-major rows that sit on, beside and far from the thresholds and codes of the trees. */
  rows(count: number): Float32Array
}

/** An ensemble that no training would produce but every loader must score: any shape, any threshold, any set. */
export function randomCase(seed: number, options: EnsembleOptions): RandomCase {
  const random = rng(seed, 'trees')
  const pools = Array.from({ length: options.width }, () => pool(random, options))
  const trees = Array.from({ length: options.trees }, (_, index) => randomTree(random, options, pools, index))
  const ensemble: TreeEnsemble = {
    objective: { name: 'reg:squarederror', task: 'regression', link: 'identity', transform: 'identity' },
    booster: 'gbtree',
    version: [3, 2, 0],
    width: options.width,
    outputs: options.outputs,
    baseMargins: Float32Array.from({ length: options.outputs }, () => random.next() - 0.5),
    trees,
    bestIteration: undefined,
    featureNames: [],
    featureTypes: [],
    categoryNames: new Map(),
    categoryNamesUnsure: new Set(),
  }
  return { ensemble, rows: (count) => randomRows(rng(seed, 'rows'), pools, count) }
}

interface FeaturePool {
  readonly categorical: boolean
  readonly thresholds: readonly number[]
  readonly codesMax: number
}

function pool(random: Rng, { categories, thresholdPool }: EnsembleOptions): FeaturePool {
  const categorical = categories && random.chance(0.5)
  const style = random.int(0, 3)
  const draw = (): number => {
    if (style === 0) return Math.fround(random.next() * 100)
    if (style === 1) return anyFloat(random)
    if (style === 2) return Math.fround(Math.exp(random.next() * 60 - 30) * (random.chance(0.5) ? 1 : -1))
    return random.chance(0.3) ? random.pick(SPECIALS) : Math.fround(Math.round(random.next() * 20) / 4)
  }
  const thresholds = Array.from({ length: random.int(1, thresholdPool) }, draw)
  for (const t of thresholds.slice(0, 5)) thresholds.push(step(t, 1), step(t, -1))
  return { categorical, thresholds, codesMax: random.pick([2, 5, 31, 32, 33, 64, 300, 1000]) }
}

function randomTree(random: Rng, options: EnsembleOptions, pools: readonly FeaturePool[], index: number): Tree {
  const leaves = random.int(options.leavesMin ?? 1, options.leavesMax)
  const growth = options.growth ?? random.pick(GROWTHS)
  const left: number[] = [-1]
  const depthOf: number[] = [0]
  const open = [0]
  while ((left.length + 1) / 2 < leaves) {
    const at = growth === 'balanced' ? 0 : growth === 'chain' ? open.length - 1 : random.int(0, open.length - 1)
    const [node] = open.splice(at, 1) as [number]
    left[node] = left.length
    open.push(left.length, left.length + 1)
    left.push(-1, -1)
    depthOf.push(depthOf[node]! + 1, depthOf[node]! + 1)
  }
  const count = left.length
  const feature = Int32Array.from({ length: count }, () => random.int(0, options.width - 1))
  const categories = new Map<number, Int32Array>()
  const threshold = Float32Array.from({ length: count }, (_, node) => {
    const own = pools[feature[node]!]!
    if (own.categorical && left[node] !== -1) categories.set(node, randomSet(random, own.codesMax))
    return random.pick(own.thresholds)
  })
  const leafWidth = options.vectorLeaves ? options.outputs : 1
  const leafAt = new Int32Array(count).fill(-1)
  let leafValues = 0
  const order = breadthFirst(left)
  for (const node of order) {
    if (left[node] !== -1) continue
    leafAt[node] = leafValues
    leafValues += leafWidth
  }
  return {
    left: Int32Array.from(left),
    feature,
    threshold,
    defaultLeft: Uint8Array.from({ length: count }, () => random.int(0, 1)),
    categories,
    leafAt,
    leaves: Float32Array.from({ length: leafValues }, () => (random.chance(0.1) ? -0 : random.next() - 0.5)),
    leafWidth,
    output: options.vectorLeaves ? 0 : index % options.outputs,
    cover: undefined,
    order,
    depth: Math.max(...depthOf),
  }
}

function breadthFirst(left: readonly number[]): Int32Array {
  const order = [0]
  for (let i = 0; i < order.length; i++) {
    const child = left[order[i]!]!
    if (child !== -1) order.push(child, child + 1)
  }
  return Int32Array.from(order)
}

function randomSet(random: Rng, codesMax: number): Int32Array {
  const share = random.pick([0.02, 0.5, 0.95])
  const codes = Array.from({ length: codesMax }, (_, code) => code).filter(() => random.chance(share))
  return Int32Array.from(codes.length > 0 ? codes : [random.int(0, codesMax - 1)])
}

const MISSING_WITH_SIGN = ((): number => {
  bits[0] = 0xffc00001 | 0
  return word[0]!
})()

function randomRows(random: Rng, pools: readonly FeaturePool[], count: number): Float32Array {
  const draw = (own: FeaturePool): number => {
    const kind = random.int(0, 7)
    if (kind === 0) return random.chance(0.5) ? Number.NaN : MISSING_WITH_SIGN
    if (kind === 1) return random.pick([Infinity, -Infinity, ...SPECIALS])
    if (kind === 2) return anyFloat(random)
    if (own.categorical) return random.int(-1, own.codesMax + 1) + random.pick([0, 0, 0, 0.5])
    return step(random.pick(own.thresholds), random.int(-1, 1))
  }
  return Float32Array.from({ length: count * pools.length }, (_, i) => draw(pools[i % pools.length]!))
}
