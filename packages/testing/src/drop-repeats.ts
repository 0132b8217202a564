import { parsePredictionId } from '@sluice/contracts'

/** Where a prediction's id comes from is the caller's business: it decodes the values. */
export interface Identified {
  readonly predictionId: string
}

/**
 * What a consumer of predictions does about repeats: it remembers the highest offset per version and partition and passes
 * over everything at or below. Takes predictions in the order of the log.
 */
export function dropRepeats<T extends Identified>(predictions: readonly T[]): readonly T[] {
  const highest = new Map<string, bigint>()
  return predictions.filter(({ predictionId }) => {
    const position = parsePredictionId(predictionId)
    if (position === undefined) throw new Error(`\`${predictionId}\` is no prediction id`)
    const lane = `${position.endpoint}/${position.version}/${position.partition}`
    if (position.offset <= (highest.get(lane) ?? -1n)) return false
    highest.set(lane, position.offset)
    return true
  })
}
