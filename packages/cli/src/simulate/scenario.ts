import { DEFAULT_ALPHA, DEFAULT_POWER, sampleSize } from '@sluice/evaluation'

export const SIMULATED_METHODS = ['fixed', 'sequential', 'hybrid'] as const
export type SimulatedMethod = (typeof SIMULATED_METHODS)[number]

/** A world of customers whose true rates are known. */
export interface World {
  /** Share of events that convert under the champion. */
  readonly baseRate: number
  /** Effect of the better and the worse candidate, relative to the base rate. */
  readonly effect: number
  readonly customers: number
  readonly eventsPerDay: number
  /** Share of customers who convert at all: the fewer, the more alike are the events of one customer. */
  readonly activeShare: number
  /** Days from an event to its outcome. */
  readonly delayDays: number
  /** Days of the whole rollout after which it is given up. */
  readonly days: number
  readonly looksPerDay: number
  /** Relative effect of being new, on top, halved every `noveltyHalfLifeDays` since the customer first met it. */
  readonly novelty: number
  readonly noveltyHalfLifeDays: number
}

export interface Scenario {
  readonly name: ScenarioName
  readonly title: string
  /** True relative effect of the candidate. */
  readonly effect: number
  /** Share of the candidate's customers whose records arrive. */
  readonly arrive: number
}

export const SCENARIO_NAMES = ['aa', 'better', 'worse', 'broken', 'srm'] as const
export type ScenarioName = (typeof SCENARIO_NAMES)[number]

/** What a version does that fails for half of the customers it should have won. */
export const BROKEN_EFFECT = -0.5
/** 48 of 52 customers are left: the arms come out 52 to 48. */
export const SRM_ARRIVE = 48 / 52

export function scenarioOf(name: ScenarioName, { effect }: World): Scenario {
  const percent = (share: number) => `${share > 0 ? '+' : ''}${Number((share * 100).toFixed(2))} %`
  switch (name) {
    case 'aa':
      return { name, title: 'A/A, no effect', effect: 0, arrive: 1 }
    case 'better':
      return { name, title: `better, ${percent(effect)}`, effect, arrive: 1 }
    case 'worse':
      return { name, title: `worse, ${percent(-effect)}`, effect: -effect, arrive: 1 }
    case 'broken':
      return { name, title: `broken, ${percent(BROKEN_EFFECT)}`, effect: BROKEN_EFFECT, arrive: 1 }
    case 'srm':
      return { name, title: 'A/A, split 52/48', effect: 0, arrive: SRM_ARRIVE }
  }
}

/** Events of both arms at the planned look. A sequence is tuned for the size of the fixed test it competes with. */
export function plannedEvents(world: World, method: SimulatedMethod): number {
  const plan = { alpha: DEFAULT_ALPHA, sides: 'two', method: method === 'sequential' ? 'fixed' : method } as const
  const metric = { kind: 'proportion', baseline: world.baseRate } as const
  return 2 * sampleSize(metric, world.baseRate * world.effect, DEFAULT_POWER, plan)
}
