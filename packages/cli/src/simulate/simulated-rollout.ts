import { BucketSums, bucketRatio } from '@sluice/evaluation'
import {
  type ArmReport,
  CANDIDATE_ARM,
  CONTROL_ARM,
  type ControlledInput,
  comparisonArms,
  initialState,
  parseRolloutSpec,
  type RolloutSpec,
  type RolloutState,
  step,
} from '@sluice/rollout'
import { type BucketRange, CompiledPlan, type RoutePlan } from '@sluice/routing'
import type { SimulatedMethod, World } from './scenario.ts'
import { plannedEvents } from './scenario.ts'

export const DAY_MS = 86_400_000
/** The candidate's version in the simulated plans. */
const CANDIDATE_VERSION = 2
const CANARY_PERCENT = 10
const RATE = { numerator: [1, 0], denominator: [0, 1] }
const METRIC = 'converted'

const OUTCOMES = ['promoted', 'rolled-back', 'undecided', 'held'] as const
export type Outcome = (typeof OUTCOMES)[number]

/** A record whose outcome is not known yet: arm, variance bucket and outcome in one number. */
interface Waiting {
  readonly dueMs: number
  readonly codes: number[]
}

/** A day of canary, then half and half until the goal is decided. */
export function simulatedSpec(name: string, world: World, method: SimulatedMethod): RolloutSpec {
  const silence = `${Math.ceil(world.delayDays + world.days) + 1}d`
  const result = parseRolloutSpec({
    name,
    endpoint: 'simulated',
    champion: { model: 'simulated', version: 1 },
    candidate: { name: 'candidate', model: 'simulated', version: CANDIDATE_VERSION },
    steps: [
      { name: 'canary', weight: CANARY_PERCENT, hold: { duration: '1d' } },
      {
        name: 'ab',
        weight: 50,
        hold: { duration: '1d', decision: true, maxDuration: `${Math.max(1, world.days - 1)}d` },
      },
    ],
    analysis: {
      method,
      plannedSampleSize: plannedEvents(world, method),
      goals: [{ metric: METRIC }],
      health: { labelStallGrace: silence, noTrafficGrace: silence },
    },
  })
  if (result.ok) return result.spec
  throw new Error(result.problems.map((p) => `${p.path}: ${p.problem}`).join('\n'))
}

/** One rollout under one method: what it routes, what it learns, what it decides. */
export class SimulatedRollout {
  /** Events the candidate answered until the end, and conversions expected to be lost by them (below 0: won). */
  exposed = 0
  lost = 0
  endedAtMs: number | null = null
  outcome: Outcome = 'undecided'
  /** When the split was first found wrong. */
  heldAtMs: number | null = null
  /** When each customer met the candidate for the first time; Infinity before. */
  readonly firstMetMs: Float64Array
  #state: RolloutState
  #served: Uint8Array = new Uint8Array(0)
  #arms: Uint8Array = new Uint8Array(0)
  readonly #sums = [new BucketSums(2), new BucketSums(2)] as const
  readonly #settled = [0, 0]
  readonly #converted = [0, 0]
  readonly #units = [0, 0]
  readonly #seen: Uint8Array
  #fresh: number[] = []
  readonly #waiting: Waiting[] = []

  constructor(spec: RolloutSpec, customers: number) {
    this.firstMetMs = new Float64Array(customers).fill(Number.POSITIVE_INFINITY)
    this.#seen = new Uint8Array(customers)
    this.#state = initialState(spec)
    const champion = { name: 'champion', ...spec.champion, weightBp: 10_000 }
    const base: RoutePlan = { generation: 1, endpoint: spec.endpoint, salt: 'base', variants: [champion], shadows: [] }
    this.#state = step(this.#state, { kind: 'take-over', holder: 'simulation' }, 0).state
    this.#send({ kind: 'prepare', digest: '0'.repeat(64), base }, 0)
    this.#send({ kind: 'start', actor: { name: 'simulation', groups: [], via: 'sluice simulate' } }, 0)
  }

  get isOver(): boolean {
    return this.endedAtMs !== null
  }

  servedByCandidate(armBucket: number): boolean {
    return this.#served[armBucket] === CANDIDATE_ARM
  }

  /** A record reaches the log: it counts for the comparison when its key is in one of the two arms. */
  count(customer: number, armBucket: number, varianceBucket: number, converted: boolean): void {
    const arm = this.#arms[armBucket]!
    if (arm !== CANDIDATE_ARM && arm !== CONTROL_ARM) return
    const index = arm === CONTROL_ARM ? 0 : 1
    if (this.#seen[customer] === 0) {
      this.#seen[customer] = 1
      this.#units[index]! += 1
    }
    this.#fresh.push(index * 4_096 + varianceBucket * 2 + (converted ? 1 : 0))
  }

  /** Outcomes that are due become known, and the rollout looks at everything. */
  look(nowMs: number, delayMs: number): void {
    this.#waiting.push({ dueMs: nowMs + delayMs, codes: this.#fresh })
    this.#fresh = []
    while (this.#waiting.length > 0 && this.#waiting[0]!.dueMs <= nowMs) this.#settle(this.#waiting.shift()!.codes)
    const [control, candidate] = [this.#report(0, nowMs), this.#report(1, nowMs)]
    this.#send(
      { kind: 'look', report: { stage: 'live', control, candidate, paired: {}, multipleExposures: 0, levels: {} } },
      nowMs,
    )
    this.#end(nowMs)
  }

  #settle(codes: readonly number[]): void {
    for (const code of codes) {
      const index = code >> 12
      const bucket = (code & 4_095) >> 1
      const converted = code & 1
      this.#sums[index]!.count(bucket, 0, converted)
      this.#sums[index]!.count(bucket, 1)
      this.#settled[index]! += 1
      this.#converted[index]! += converted
    }
  }

  #report(index: 0 | 1, nowMs: number): ArmReport {
    const value = bucketRatio(this.#sums[index], RATE, this.#settled[index]!)
    return {
      units: this.#units[index]!,
      lastUnitAtMs: nowMs,
      lastOutcomeAtMs: nowMs,
      measures: { [METRIC]: { value, events: this.#converted[index]! } },
    }
  }

  #end(nowMs: number): void {
    const { phase, holds } = this.#state
    if (holds.health !== undefined) this.heldAtMs ??= nowMs
    if (phase === 'completed') this.#finish('promoted', nowMs)
    else if (phase === 'rolled-back') this.#finish('rolled-back', nowMs)
    else if (holds.inconclusive !== undefined) this.#finish('undecided', nowMs)
  }

  #finish(outcome: Outcome, nowMs: number): void {
    this.outcome = outcome
    this.endedAtMs = nowMs
  }

  /** The time is up. */
  giveUp(nowMs: number): void {
    if (!this.isOver) this.#finish(this.#state.holds.health === undefined ? 'undecided' : 'held', nowMs)
  }

  /** Routers take over a plan at once. */
  #send(input: ControlledInput, nowMs: number): void {
    const result = step(this.#state, { ...input, fence: this.#state.fence }, nowMs)
    this.#state = result.state
    for (const effect of result.effects) {
      if (effect.kind !== 'publish-plan') continue
      this.#route(new CompiledPlan(effect.plan))
      this.#send({ kind: 'plan-in-force', generation: effect.plan.generation }, nowMs)
    }
  }

  #route(plan: CompiledPlan): void {
    const candidate = plan.variants.findIndex(({ version }) => version === CANDIDATE_VERSION)
    this.#served = new Uint8Array(10_000)
    for (const { fromBucket, toBucket, variantIndex } of plan.ranges as readonly BucketRange[]) {
      if (variantIndex === candidate) this.#served.fill(CANDIDATE_ARM, fromBucket, toBucket)
    }
    this.#arms = comparisonArms(candidate < 0 ? 0 : plan.variants[candidate]!.weightBp)
  }
}
