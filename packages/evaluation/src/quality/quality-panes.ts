import type { JoinChange } from '../join/outcome-join.ts'
import { type JoinConfig, PANE_MS, paneStartMs } from '../join/prediction-state.ts'
import { type PaneKey, QualityPane, type QualityPaneSnapshot } from './quality-pane.ts'
import { QualityWindow } from './quality-window.ts'

/** A span of event time, `fromMs` included and `toMs` not; both multiples of PANE_MS. */
export interface TimeSpan {
  readonly fromMs: number
  readonly toMs: number
}

/** Plain data of a set of panes. */
export interface QualityPanesSnapshot {
  readonly panes: readonly QualityPaneSnapshot[]
  /** Per pane that was read, how far it was counted. */
  readonly ends: readonly (readonly [string, bigint])[]
}

/**
 * The panes of an endpoint. Use `apply` where outcomes are joined and `put` where panes are read from the quality topic;
 * a set is filled by one of the two.
 */
export class QualityPanes {
  readonly #panes = new Map<string, QualityPane>()
  readonly #ends = new Map<string, bigint>()

  /** Counts what the join says has changed. */
  apply(change: JoinChange): void {
    const { version, partition } = change.position
    this.#pane({ version, partition, startMs: paneStartMs(change.eventTimeMs) }).apply(change)
  }

  /**
   * Takes a pane as it was written, counted up to and without `toOffset`. One that was counted less far than the pane at
   * hand is old and ignored, so that reading the topic again, or in two orders, gives the same.
   */
  put(pane: QualityPane, toOffset: bigint): void {
    const id = paneId(pane.key)
    if (toOffset < (this.#ends.get(id) ?? 0n)) return
    this.#panes.set(id, pane)
    this.#ends.set(id, toOffset)
  }

  get count(): number {
    return this.#panes.size
  }

  /** By version, partition and start. */
  panes(): readonly QualityPane[] {
    return [...this.#panes.values()].sort(
      ({ key: a }, { key: b }) => a.version - b.version || a.partition - b.partition || a.startMs - b.startMs,
    )
  }

  get versions(): readonly number[] {
    return [...new Set(this.panes().map((pane) => pane.key.version))]
  }

  /** Everything about one version in a span, over all partitions, as it stands at `asOfMs`. */
  window(version: number, span: TimeSpan, asOfMs: number, config: JoinConfig): QualityWindow {
    if (span.fromMs % PANE_MS !== 0 || span.toMs % PANE_MS !== 0) {
      throw new RangeError(`a window from ${span.fromMs} to ${span.toMs} cuts panes; use multiples of ${PANE_MS} ms`)
    }
    const window = new QualityWindow()
    for (const pane of this.panes()) {
      const { startMs } = pane.key
      if (pane.key.version === version && startMs >= span.fromMs && startMs < span.toMs) {
        window.addPane(pane, asOfMs, config)
      }
    }
    return window
  }

  /** Drops panes that start before. */
  forget(beforeMs: number): void {
    for (const [id, pane] of this.#panes) {
      if (pane.key.startMs >= beforeMs) continue
      this.#panes.delete(id)
      this.#ends.delete(id)
    }
  }

  /** All panes as plain data, to be kept together with the state of the join that filled them. */
  snapshot(): QualityPanesSnapshot {
    return {
      panes: this.panes().map((pane) => pane.snapshot()),
      ends: [...this.#ends],
    }
  }

  static restore(snapshot: QualityPanesSnapshot): QualityPanes {
    const panes = new QualityPanes()
    for (const pane of snapshot.panes) panes.#panes.set(paneId(pane.key), QualityPane.restore(pane))
    for (const [id, end] of snapshot.ends) panes.#ends.set(id, end)
    return panes
  }

  #pane(key: PaneKey): QualityPane {
    const id = paneId(key)
    let pane = this.#panes.get(id)
    if (pane === undefined) {
      pane = new QualityPane(key)
      this.#panes.set(id, pane)
    }
    return pane
  }
}

function paneId({ version, partition, startMs }: PaneKey): string {
  return `${version}.${partition}.${startMs}`
}
