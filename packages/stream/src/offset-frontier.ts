import { invariant } from '@sluice/contracts'

/** Offsets `[from, to)` that one unit of work takes care of. */
export interface OffsetRange {
  readonly from: bigint
  readonly to: bigint
}

/**
 * How far one owned partition may be committed: up to the first record that nobody has finished. Units of work claim
 * consecutive ranges and finish them in any order, so several may be in flight and no offset moves past an unhandled record.
 */
export class OffsetFrontier {
  #committable: bigint
  #claimed: bigint
  /** Finished ranges beyond the frontier. Few: as many as units of work are in flight. */
  #finished: OffsetRange[] = []

  constructor(position: bigint) {
    this.#committable = position
    this.#claimed = position
  }

  /** One past the last offset before which everything is finished. */
  get committable(): bigint {
    return this.#committable
  }

  /** One past the last offset that a unit of work has taken. */
  get claimed(): bigint {
    return this.#claimed
  }

  /** Takes everything from the end of the last claim up to `next`; `delivered` is where the reader has got to. */
  claim(next: bigint, delivered: bigint): OffsetRange {
    invariant(
      next >= this.#claimed,
      `advance went back from offset ${this.#claimed} to ${next}; seek first to repeat records`,
    )
    invariant(next <= delivered, `advance to offset ${next} is past ${delivered}, up to which records were polled`)
    const range = { from: this.#claimed, to: next }
    this.#claimed = next
    return range
  }

  finish(range: OffsetRange): void {
    if (range.to <= this.#committable) return
    this.#finished.push(range)
    for (let moved = true; moved; ) {
      moved = false
      for (const { from, to } of this.#finished) {
        if (from > this.#committable || to <= this.#committable) continue
        this.#committable = to
        moved = true
      }
    }
    this.#finished = this.#finished.filter(({ to }) => to > this.#committable)
  }

  /** Gives a claim back unfinished. The frontier stays in front of it until the range is claimed and finished again. */
  release(range: OffsetRange): void {
    if (this.#claimed === range.to && range.to > range.from) this.#claimed = range.from
  }

  /** Reading goes on at `position`: what lies before it is no longer waited for. */
  reset(position: bigint): void {
    this.#committable = position
    this.#claimed = position
    this.#finished = []
  }
}
