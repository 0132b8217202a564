/** An aborted transaction as a fetch response lists it. */
export interface AbortedTransaction {
  readonly producerId: bigint
  readonly firstOffset: bigint
}

/**
 * Which producers' records are being dropped at the current position of one partition: from the first offset of an aborted
 * transaction until the marker that ends it.
 *
 * A broker lists, for every fetch, all aborted transactions that reach into it, so the list of a fetch replaces what is
 * remembered: after compaction a marker may be gone, and a producer remembered for ever would lose committed records.
 * Without a list the memory of the fetch before goes on, as long as the position does.
 */
export class AbortedTransactions {
  readonly #dropping = new Set<bigint>()
  #listed: readonly AbortedTransaction[] = []
  #entered = 0
  #position: bigint | undefined

  /** Starts a fetch. The list may come in any order; brokers give it in the order of the markers. */
  begin(fetchOffset: bigint, listed: readonly AbortedTransaction[] | null | undefined): void {
    if (listed) {
      this.#dropping.clear()
      this.#listed = listed.length < 2 ? listed : listed.toSorted(byFirstOffset)
    } else {
      if (fetchOffset !== this.#position) this.#dropping.clear()
      this.#listed = []
    }
    this.#entered = 0
    this.#position = fetchOffset
  }

  /** Transactions that began up to `lastOffset` count from here on. */
  enter(lastOffset: bigint): void {
    for (; this.#entered < this.#listed.length; this.#entered++) {
      const transaction = this.#listed[this.#entered]!
      if (transaction.firstOffset > lastOffset) return
      this.#dropping.add(transaction.producerId)
    }
  }

  drops(producerId: bigint): boolean {
    return this.#dropping.has(producerId)
  }

  /** A marker, commit or abort, ends whatever transaction the producer had. */
  end(producerId: bigint): void {
    this.#dropping.delete(producerId)
  }

  /** Ends a fetch that was read up to `nextOffset`. */
  finish(nextOffset: bigint): void {
    this.#position = nextOffset
  }
}

function byFirstOffset(a: AbortedTransaction, b: AbortedTransaction): number {
  return a.firstOffset < b.firstOffset ? -1 : a.firstOffset > b.firstOffset ? 1 : 0
}
