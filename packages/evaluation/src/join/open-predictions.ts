import { INLINE_DELAY_MS_MAX, OPEN_BLOCK_OFFSETS, OpenBlock, type OpenSlot } from './open-block.ts'
import { type CountedFact, type OutcomeFact, withFact } from './outcome-fact.ts'
import type { JoinEvent } from './position-index.ts'

/** A prediction is one version's answer to one event. */
export interface JoinPosition extends JoinEvent {
  readonly version: number
}

/** Plain data of the open predictions. */
export interface OpenPredictionsSnapshot {
  readonly blocks: readonly Uint8Array[]
  /** By version, partition and offset, what a slot cannot hold. */
  readonly facts: readonly (readonly [string, readonly CountedFact[]])[]
  /** By version and partition, the first offset that is still kept. */
  readonly floors: readonly (readonly [string, string])[]
}

const OFFSETS = BigInt(OPEN_BLOCK_OFFSETS)

/**
 * What the join remembers of predictions: blocks of consecutive offsets per version and partition, read by position.
 * A single plain outcome lies in the prediction's own slot; several of them, corrections, outcomes of humans and those
 * after more than 49 days lie in a list beside the blocks.
 */
export class OpenPredictions {
  /** By version, by partition, by block number. */
  readonly #runs = new Map<number, Map<number, Map<number, OpenBlock>>>()
  readonly #facts = new Map<string, readonly CountedFact[]>()
  readonly #floors = new Map<string, bigint>()

  /** Versions seen so far. */
  versions(): Iterable<number> {
    return this.#runs.keys()
  }

  /** Bytes of all blocks as they are stored, without what lies beside them. */
  get blockBytes(): number {
    return this.#blocks().reduce((sum, block) => sum + block.byteLength, 0)
  }

  read(position: JoinPosition): OpenSlot | undefined {
    return this.#block(position)?.read(placeOf(position))
  }

  /** Whether the position was kept once and has been forgotten. */
  isForgotten(position: JoinPosition): boolean {
    return position.offset < (this.#floors.get(runKey(position)) ?? 0n)
  }

  insert(position: JoinPosition, slot: OpenSlot): void {
    const { version, partition } = position
    const run = this.#run(version, partition)
    const number = blockNumber(position)
    let block = run.get(number)
    if (block === undefined) {
      block = OpenBlock.empty(version, partition, BigInt(number) * OFFSETS)
      run.set(number, block)
    }
    block.insert(placeOf(position), slot)
  }

  /** All outcomes that were said of a prediction. */
  facts(position: JoinPosition, slot: OpenSlot): readonly CountedFact[] {
    if (slot.outcome === 'none') return []
    if (slot.outcome === 'elsewhere') return this.#facts.get(slotKey(position))!
    const { label, delayMs } = slot.outcome
    const occurredAtMs = slot.eventTimeMs + delayMs
    return [{ label, occurredAtMs, source: 'system', revision: 0, recordedAtMs: null, times: 1 }]
  }

  /** Adds one record of an outcome to a prediction, or takes one away; returns what is then said of it. */
  change(position: JoinPosition, slot: OpenSlot, fact: OutcomeFact, times: 1 | -1): readonly CountedFact[] {
    const facts = withFact(this.facts(position, slot), fact, times)
    const block = this.#block(position)!
    const place = placeOf(position)
    const plain = inlineOutcome(slot.eventTimeMs, facts)
    block.writeOutcome(place, plain ?? 'elsewhere')
    if (plain === undefined) this.#facts.set(slotKey(position), facts)
    else if (slot.outcome === 'elsewhere') this.#facts.delete(slotKey(position))
    return facts
  }

  /** All predictions, by version, partition and offset. */
  *entries(): Generator<readonly [JoinPosition, OpenSlot]> {
    const blocks = this.#blocks().sort(
      (a, b) => a.version - b.version || a.partition - b.partition || (a.firstOffset < b.firstOffset ? -1 : 1),
    )
    for (const block of blocks) {
      const { version, partition, firstOffset } = block
      for (const place of block.places()) {
        yield [{ version, partition, offset: firstOffset + BigInt(place) }, block.read(place)!]
      }
    }
  }

  /**
   * Drops the oldest blocks of every version and partition as long as all their events are older. The newest block of a
   * partition stays: it is still being filled. Returns how many predictions were dropped.
   */
  forget(beforeMs: number): number {
    let forgotten = 0
    for (const run of [...this.#runs.values()].flatMap((partitions) => [...partitions.values()])) {
      const blocks = [...run.values()].sort((a, b) => (a.firstOffset < b.firstOffset ? -1 : 1))
      for (const block of blocks.slice(0, -1)) {
        const { version, partition, firstOffset } = block
        const places = [...block.places()]
        if (places.some((place) => block.read(place)!.eventTimeMs >= beforeMs)) break
        for (const place of places) {
          this.#facts.delete(slotKey({ version, partition, offset: firstOffset + BigInt(place) }))
        }
        run.delete(blockNumber({ offset: firstOffset }))
        this.#floors.set(runKey(block), firstOffset + OFFSETS)
        forgotten += places.length
      }
    }
    return forgotten
  }

  snapshot(): OpenPredictionsSnapshot {
    return {
      blocks: this.#blocks().map((block) => block.encode()),
      facts: [...this.#facts],
      floors: [...this.#floors].map(([key, offset]) => [key, offset.toString()] as const),
    }
  }

  static restore(snapshot: OpenPredictionsSnapshot): OpenPredictions {
    const open = new OpenPredictions()
    for (const bytes of snapshot.blocks) {
      const block = OpenBlock.decode(bytes)
      open.#run(block.version, block.partition).set(blockNumber({ offset: block.firstOffset }), block)
    }
    for (const [key, facts] of snapshot.facts) open.#facts.set(key, facts)
    for (const [key, offset] of snapshot.floors) open.#floors.set(key, BigInt(offset))
    return open
  }

  #block(position: JoinPosition): OpenBlock | undefined {
    return this.#runs.get(position.version)?.get(position.partition)?.get(blockNumber(position))
  }

  #run(version: number, partition: number): Map<number, OpenBlock> {
    const partitions = this.#runs.get(version) ?? new Map<number, Map<number, OpenBlock>>()
    this.#runs.set(version, partitions)
    const run = partitions.get(partition) ?? new Map<number, OpenBlock>()
    partitions.set(partition, run)
    return run
  }

  #blocks(): OpenBlock[] {
    const runs = [...this.#runs.values()].flatMap((partitions) => [...partitions.values()])
    return runs.flatMap((run) => [...run.values()])
  }
}

/** What fits into a slot: nothing, or one plain outcome that may still be the label. */
function inlineOutcome(eventTimeMs: number, facts: readonly CountedFact[]): OpenSlot['outcome'] | undefined {
  if (facts.length === 0) return 'none'
  const [fact] = facts
  if (facts.length > 1 || fact!.times > 1 || fact!.source !== 'system' || fact!.revision !== 0) return undefined
  if (fact!.recordedAtMs !== null || fact!.label === null) return undefined
  const delayMs = fact!.occurredAtMs - eventTimeMs
  return delayMs >= 0 && delayMs <= INLINE_DELAY_MS_MAX ? { label: fact!.label, delayMs } : undefined
}

/** A number and no bigint, for speed: exact for offsets below 2^63. */
function blockNumber({ offset }: { readonly offset: bigint }): number {
  return Number(offset / OFFSETS)
}

function placeOf({ offset }: JoinPosition): number {
  return Number(offset % OFFSETS)
}

function runKey({ version, partition }: { readonly version: number; readonly partition: number }): string {
  return `${version}.${partition}`
}

function slotKey({ version, partition, offset }: JoinPosition): string {
  return `${version}.${partition}.${offset}`
}
