import { type Slab, slabOffset } from '@sluice/stream'
import type { OffsetSet } from './offset-set.ts'
import { type Letter, type ReplayFilter, selectLetter } from './replay-filter.ts'

/** Counts of one pass over the dead letters. */
export interface ReplaySummary {
  /** Dead letters that match and have not been replayed, by where they go back to and why they are there. */
  readonly selected: readonly { readonly topic: string; readonly stage: string; readonly code: string; count: number }[]
  /** Matching ones that an earlier replay put back. */
  readonly alreadyReplayed: number
  /** Matching ones that cannot go back, by reason. */
  readonly stuck: Readonly<Record<string, number>>
  /** How many were put back; 0 for a dry run. */
  readonly replayed: number
}

/** One reading of the dead letters with its counts. */
export class ReplayPass {
  readonly #filter: ReplayFilter
  readonly #replayed: ReadonlyMap<number, OffsetSet>
  readonly #homes: ReadonlySet<string>
  readonly #selected = new Map<string, { topic: string; stage: string; code: string; count: number }>()
  readonly #stuck: Record<string, number> = {}
  #alreadyReplayed = 0
  #putBack = 0

  /** `homes` are the topics that records may go back to; `replayed` holds what went back before, by partition. */
  constructor(filter: ReplayFilter, homes: ReadonlySet<string>, replayed: ReadonlyMap<number, OffsetSet>) {
    this.#filter = filter
    this.#homes = homes
    this.#replayed = replayed
  }

  /** Letters among the records `[start, end)` of a slab that are to go back. */
  select(slab: Slab, start: number, end: number): readonly Letter[] {
    const letters: Letter[] = []
    for (let i = start; i < end; i++) {
      const selection = selectLetter(slab, i, this.#filter, this.#homes)
      if (selection.kind === 'other') continue
      if (this.#replayed.get(slab.partition)?.has(slabOffset(slab, i))) this.#alreadyReplayed++
      else if (selection.kind === 'stuck') this.stuck(selection.why)
      else {
        letters.push(selection.letter)
        this.#count(selection.letter)
      }
    }
    return letters
  }

  stuck(why: string): void {
    this.#stuck[why] = (this.#stuck[why] ?? 0) + 1
  }

  putBack(count: number): void {
    this.#putBack += count
  }

  summary(): ReplaySummary {
    return {
      selected: [...this.#selected.values()],
      alreadyReplayed: this.#alreadyReplayed,
      stuck: this.#stuck,
      replayed: this.#putBack,
    }
  }

  #count({ topic, stage, code }: Letter): void {
    const name = JSON.stringify([topic, stage, code])
    const entry = this.#selected.get(name) ?? { topic, stage, code, count: 0 }
    entry.count++
    this.#selected.set(name, entry)
  }
}
