export interface Traffic {
  readonly unitsPerDay: number
  /** Share of the traffic in each arm, 0 < weight; two arms of it fit into 1, one shadow into 1. */
  readonly weightPerArm: number
  readonly arms: 1 | 2
  /** Days until the outcome of a prediction is known. */
  readonly outcomeWindowDays: number
  /** Days that must pass whatever the count, so that every weekday is in it. */
  readonly minimumDays: number
}

export interface Duration {
  /** Days until enough units have come, at least `minimumDays`. */
  readonly collectionDays: number
  /** Days until their outcomes are known too. */
  readonly days: number
  readonly totalUnits: number
}

/** How long an experiment of `unitsPerArm` takes. Only predictions older than the outcome window count, hence the sum. */
export function duration(unitsPerArm: number, traffic: Traffic): Duration {
  const { unitsPerDay, weightPerArm, arms, outcomeWindowDays, minimumDays } = traffic
  if (!(unitsPerDay > 0)) throw new RangeError(`unitsPerDay is ${unitsPerDay}; without traffic nothing ends`)
  if (!(weightPerArm > 0 && weightPerArm * arms <= 1)) {
    throw new RangeError(`weightPerArm ${weightPerArm} times ${arms} arms is not above 0 and at most 1`)
  }
  const collectionDays = Math.max(minimumDays, Math.ceil(unitsPerArm / (unitsPerDay * weightPerArm)))
  return { collectionDays, days: collectionDays + outcomeWindowDays, totalUnits: unitsPerArm * arms }
}
