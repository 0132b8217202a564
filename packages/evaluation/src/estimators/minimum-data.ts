import { type Insufficient, insufficient } from './estimate.ts'

/** Asymptotic methods err below this; with fewer events the honest answer is that nothing is known yet. */
export const MINIMUM_UNITS_PER_ARM = 100
export const MINIMUM_EVENTS_PER_ARM = 10
/** Positives and negatives per arm before an AUC decides anything. */
export const MINIMUM_PER_CLASS = 30

export interface MinimumData {
  readonly units: number
  readonly events: number
}

export interface ArmData {
  readonly name: string
  readonly units: number
  /** Successes of a proportion, positives of a class; left out where only units count. */
  readonly events?: number
}

/** The first arm without enough units, events or non-events; undefined when all have enough. */
export function refuseTooLittle(
  arms: readonly ArmData[],
  { units, events }: MinimumData = { units: MINIMUM_UNITS_PER_ARM, events: MINIMUM_EVENTS_PER_ARM },
): Insufficient | undefined {
  const n = arms.reduce((sum, arm) => sum + arm.units, 0)
  for (const arm of arms) {
    if (arm.units < units) return insufficient('below-minimum', n, `${arm.name} has ${arm.units} of ${units} units`)
    if (arm.events === undefined) continue
    if (arm.events < events)
      return insufficient('below-minimum', n, `${arm.name} has ${arm.events} of ${events} events`)
    if (arm.units - arm.events < events) {
      return insufficient('below-minimum', n, `${arm.name} has ${arm.units - arm.events} of ${events} non-events`)
    }
  }
  return undefined
}
