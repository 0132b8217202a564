import { drawCustomers } from './customers.ts'
import type { Scenario, SimulatedMethod, World } from './scenario.ts'
import { seededRandom } from './seeded-random.ts'
import { DAY_MS, type Outcome, SimulatedRollout, simulatedSpec } from './simulated-rollout.ts'

/** How one rollout ended. */
export interface ExperimentResult {
  readonly method: SimulatedMethod
  readonly outcome: Outcome
  /** Days until it ended. */
  readonly days: number
  /** Days until the split was found wrong; null when it never was. */
  readonly heldAfterDays: number | null
  /** Events that the candidate answered. */
  readonly exposed: number
  /** Conversions expected to be lost by that; below 0 they were won. */
  readonly lost: number
}

export interface Experiment {
  readonly world: World
  readonly scenario: Scenario
  readonly methods: readonly SimulatedMethod[]
  readonly seed: number
  readonly run: number
}

/**
 * One experiment under every method at once: the same customers, events and luck, so that the methods differ in nothing
 * else. Each has a rollout of its own, which decides by itself who gets the candidate.
 */
export function runExperiment({ world, scenario, methods, seed, run }: Experiment): readonly ExperimentResult[] {
  const random = seededRandom(seed, run)
  const salt = `simulation-${run}`
  const customers = drawCustomers(world, scenario, salt, random)
  const rollouts = methods.map((method) => new SimulatedRollout(simulatedSpec(salt, world, method), world.customers))
  const lookMs = DAY_MS / world.looksPerDay
  const delayMs = world.delayDays * DAY_MS
  const halfLifeMs = world.noveltyHalfLifeDays * DAY_MS
  const looks = Math.ceil((world.days + world.delayDays) * world.looksPerDay)
  let done = 0
  for (let look = 1; look <= looks && rollouts.some((rollout) => !rollout.isOver); look++) {
    const nowMs = look * lookMs
    const due = Math.round((look * world.eventsPerDay) / world.looksPerDay)
    for (; done < due; done++) {
      const customer = Math.floor(random() * world.customers)
      const luck = random()
      const bucket = customers.armBucket[customer]!
      const variance = customers.varianceBucket[customer]!
      const rate = customers.rate[customer]!
      for (const rollout of rollouts) {
        if (rollout.isOver) continue
        if (!rollout.servedByCandidate(bucket)) {
          rollout.count(customer, bucket, variance, luck < rate)
          continue
        }
        const metMs = Math.min(rollout.firstMetMs[customer]!, nowMs)
        rollout.firstMetMs[customer] = metMs
        const lift = scenario.effect + world.novelty * 0.5 ** ((nowMs - metMs) / halfLifeMs)
        rollout.exposed++
        rollout.lost -= rate * lift
        if (customers.arrives[customer] === 1) rollout.count(customer, bucket, variance, luck < rate * (1 + lift))
      }
    }
    for (const rollout of rollouts) if (!rollout.isOver) rollout.look(nowMs, delayMs)
  }
  return rollouts.map((rollout, i) => {
    rollout.giveUp(looks * lookMs)
    return {
      method: methods[i]!,
      outcome: rollout.outcome,
      days: rollout.endedAtMs! / DAY_MS,
      heldAfterDays: rollout.heldAtMs === null ? null : rollout.heldAtMs / DAY_MS,
      exposed: rollout.exposed,
      lost: rollout.lost,
    }
  })
}
