import { type JoinConfig, type QualityReport, QualityWindow, qualityReport } from '@sluice/evaluation'
import type { FileRow, Group } from './file-join.ts'

export interface VersionReport extends Group, QualityReport {
  /** Event time of the predictions, `from` included and `to` not; null for all of them. */
  readonly window: { readonly from: string; readonly to: string } | null
}

interface Cell {
  readonly group: Group
  readonly fromMs: number | null
  readonly window: QualityWindow
  readonly scores: number[]
  readonly labels: boolean[]
}

/** Collects joined rows by version, and by version and window. */
export class ReportBuilder {
  readonly #cells = new Map<string, Cell>()
  readonly #windowMs: number | undefined
  readonly #exactAuc: boolean

  constructor(options: { readonly windowMs: number | undefined; readonly exactAuc: boolean }) {
    this.#windowMs = options.windowMs
    this.#exactAuc = options.exactAuc
  }

  add(row: FileRow): void {
    this.#count(row, null)
    if (this.#windowMs !== undefined) this.#count(row, Math.floor(row.eventTimeMs / this.#windowMs) * this.#windowMs)
  }

  reports(): readonly VersionReport[] {
    return [...this.#cells.values()]
      .sort((a, b) => order(a.group, b.group) || (a.fromMs ?? -1) - (b.fromMs ?? -1))
      .map(({ group, fromMs, window, scores, labels }) => ({
        ...group,
        window: fromMs === null ? null : { from: isoTime(fromMs), to: isoTime(fromMs + (this.#windowMs ?? 0)) },
        ...qualityReport(window, this.#exactAuc ? { exact: { scores, labels } } : {}),
      }))
  }

  #count(row: FileRow, fromMs: number | null): void {
    const { version, variant } = row.line
    const id = JSON.stringify([version, variant, fromMs])
    let cell = this.#cells.get(id)
    if (cell === undefined) {
      cell = { group: { version, variant }, fromMs, window: new QualityWindow(), scores: [], labels: [] }
      this.#cells.set(id, cell)
    }
    cell.window.addRow(row)
    if (!this.#exactAuc || row.label === null) return
    cell.scores.push(row.score)
    cell.labels.push(row.label === 1)
  }
}

/** The settings a report was made with, as it repeats them. */
export function settingsOf({ horizonMs, graceMs, absence }: JoinConfig) {
  return { horizonSeconds: horizonMs / 1_000, graceSeconds: graceMs / 1_000, absence }
}

export function isoTime(ms: number): string {
  return new Date(ms).toISOString()
}

function order(a: Group, b: Group): number {
  const [first, second] = [a, b].map(({ version, variant }) => `${version ?? ''}\n${variant ?? ''}`)
  return first!.localeCompare(second!, 'en', { numeric: true })
}
