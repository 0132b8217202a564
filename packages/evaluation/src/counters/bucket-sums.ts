import { invariant } from '@sluice/contracts'
import { Counts } from './counts.ts'

/** Hash sub-buckets of the routing key from which variances of repeated events are estimated. */
export const VARIANCE_BUCKETS = 1_000

/**
 * A few sums per sub-bucket of the routing key. Events of one customer fall into one bucket, so the spread between
 * buckets contains the correlation between them, with constant memory and no state per customer. Cells: bucket by
 * bucket, `columns` sums each.
 */
export class BucketSums extends Counts {
  readonly buckets: number
  readonly columns: number

  constructor(columns: number, shape: number | ArrayLike<number> = VARIANCE_BUCKETS) {
    super(typeof shape === 'number' ? columns * shape : shape)
    invariant(columns > 0 && this.cells.length % columns === 0, `${this.cells.length} cells of ${columns} columns`)
    this.columns = columns
    this.buckets = this.cells.length / columns
  }

  count(bucket: number, column: number, value = 1): void {
    invariant(
      bucket >= 0 && bucket < this.buckets && column >= 0 && column < this.columns,
      `bucket ${bucket} column ${column} of ${this.buckets} by ${this.columns}`,
    )
    this.cells[bucket * this.columns + column]! += value
  }
}
