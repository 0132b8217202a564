import type { Clock } from '@sluice/contracts'
import type { MemoryGroup } from './memory-group.ts'
import type { MemoryPartition } from './memory-partition.ts'
import type { Marker } from './write-marker.ts'

/** Open transactions of all processes, and their end by the broker when nobody else ends them. */
export class MemoryTransactions {
  readonly #clock: Clock
  readonly #timeoutMs: number
  readonly #open = new Set<MemoryTransaction>()
  #nextProducerId = 1n

  constructor(clock: Clock, timeoutMs: number) {
    this.#clock = clock
    this.#timeoutMs = timeoutMs
  }

  /** A number that no batch carries yet. */
  newProducerId(): bigint {
    return this.#nextProducerId++
  }

  begin(group: MemoryGroup, producerId: bigint): MemoryTransaction {
    const transaction = new MemoryTransaction(group, producerId, () => this.#clock.nowMs())
    this.#open.add(transaction)
    const ended = transaction.ended.then(() => this.#open.delete(transaction))
    const timer = new AbortController()
    void ended.then(() => timer.abort())
    void this.#clock.sleep(this.#timeoutMs, timer.signal).then(() => transaction.end('abort'))
    return transaction
  }

  /** The partitions of the group go to new owners: whatever an old one has open can no longer be committed. */
  fence(group: MemoryGroup): void {
    for (const transaction of this.#open) if (transaction.group === group) transaction.end('abort')
  }
}

export class MemoryTransaction {
  readonly group: MemoryGroup
  readonly ended: Promise<void>
  readonly #producerId: bigint
  readonly #nowMs: () => number
  readonly #touched = new Set<MemoryPartition>()
  #resolveEnded: () => void = () => {}
  #open = true

  constructor(group: MemoryGroup, producerId: bigint, nowMs: () => number) {
    this.group = group
    this.#producerId = producerId
    this.#nowMs = nowMs
    this.ended = new Promise((resolve) => {
      this.#resolveEnded = resolve
    })
  }

  get open(): boolean {
    return this.#open
  }

  /** Writes a batch that was sealed as transactional with the transaction's producer id. */
  append(log: MemoryPartition, bytes: Uint8Array): void {
    if (!this.#open) return
    this.#touched.add(log)
    log.beginTransaction(this.#producerId)
    log.append(bytes)
  }

  end(marker: Marker): void {
    if (!this.#open) return
    this.#open = false
    for (const log of this.#touched) log.endTransaction(marker, this.#producerId, this.#nowMs())
    this.#resolveEnded()
  }
}
