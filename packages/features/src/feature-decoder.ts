import type { RecordFault } from '@sluice/contracts'
import type { FeatureBatch } from './feature-batch.ts'

/**
 * Event bytes to one row of float32. A decoder keeps reading positions between calls, so each thread has its own and calls
 * do not overlap.
 */
export interface FeatureDecoder {
  /** Columns written by `decode`, in training order. */
  readonly width: number
  /**
   * Decodes `length` bytes from `start` into row `row` of the batch.
   *
   * Shape    writes every column of that row and nothing else.
   * Units    numbers as they are in the event, rounded to float32 by way of float64; booleans 0 and 1; categories their
   *          index in the training vocabulary.
   * Missing  NaN, where the feature allows it.
   * Errors   0, or the first fault; the row is then unspecified. Never throws for what a record holds and allocates
   *          nothing on success.
   */
  decode(bytes: Uint8Array, start: number, length: number, batch: FeatureBatch, row: number): 0 | RecordFault
}

/** Answers the same fault for every record: what is cached for a writer schema that cannot fill the features. */
export function refusingDecoder(width: number, fault: RecordFault): FeatureDecoder {
  return { width, decode: () => fault }
}
