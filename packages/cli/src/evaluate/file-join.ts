import { formatEventId, parsePredictionId } from '@sluice/contracts'
import {
  type JoinConfig,
  type JoinCounts,
  type JoinedRow,
  OutcomeJoin,
  type OutcomeRef,
  POSITIVE_LABEL,
} from '@sluice/evaluation'
import { LineProblem, type OutcomeLine, type PredictionLine } from './read-lines.ts'

/** A joined row with what the file said about it. */
export interface FileRow extends JoinedRow {
  readonly line: PredictionLine
}

/** Predictions that are evaluated together. */
export interface Group {
  readonly version: string | null
  readonly variant: string | null
}

/**
 * The platform's join over rows of files. Ids there can be any text, so each event gets a position of its own; scores are
 * kept as the doubles they are beside the join, which holds float32.
 */
export class FileJoin {
  /** Predictions of later times than the limit: they had not been made. */
  predictionsAfter = 0
  /** Lines that repeat a prediction word for word. */
  predictionsRepeated = 0
  /** Latest time of a record up to the limit. */
  latestMs = 0
  readonly labels = new Map<string, number>()
  readonly #join: OutcomeJoin
  readonly #limitMs: number
  readonly #lines: PredictionLine[] = []
  readonly #groupOf = new Map<string, number>()
  readonly #events = new Map<string, bigint>()
  /** By group, line index by event. */
  readonly #lineOf: Map<bigint, number>[] = []
  readonly #ids = new Map<string, { readonly version: number; readonly offset: bigint }>()
  #outcomes = 0n

  /** Records later than `limitMs` do not count. */
  constructor(config: JoinConfig, limitMs: number) {
    this.#join = new OutcomeJoin(config)
    this.#join.advance(limitMs)
    this.#limitMs = limitMs
  }

  /** Throws LineProblem when another prediction has the id. All predictions come before the first outcome. */
  predict(line: PredictionLine): void {
    if (line.eventTimeMs > this.#limitMs) {
      this.predictionsAfter++
      return
    }
    const version = this.#group(line)
    const offset = this.#event(line)
    const known = this.#lineOf[version]!.get(offset)
    const owner = line.predictionId === null ? undefined : this.#ids.get(line.predictionId)
    if (known !== undefined || owner !== undefined) {
      this.#repeat(line, owner === undefined ? known! : this.#lineOf[owner.version]!.get(owner.offset)!)
      return
    }
    const { score, decision, eventTimeMs, key, ceId } = line
    this.#join.predict({ version, partition: PARTITION, offset, score, decision, eventTimeMs, key, ceId })
    this.#lineOf[version]!.set(offset, this.#lines.push(line) - 1)
    if (line.predictionId !== null) this.#ids.set(line.predictionId, { version, offset })
    this.latestMs = Math.max(this.latestMs, eventTimeMs)
  }

  outcome({ ref, text, ...fact }: OutcomeLine): void {
    const cause = { partition: PARTITION, offset: this.#outcomes++ }
    this.#join.outcome({ ...fact, cause, ref: this.#ref(ref) })
    if (text !== null) this.labels.set(text, (this.labels.get(text) ?? 0) + 1)
    if (fact.occurredAtMs <= this.#limitMs) this.latestMs = Math.max(this.latestMs, fact.occurredAtMs)
  }

  counts(asOfMs: number): JoinCounts {
    return this.#join.counts(asOfMs)
  }

  *rows(asOfMs: number): Generator<FileRow> {
    for (const row of this.#join.rows(asOfMs)) {
      const line = this.#lines[this.#lineOf[row.position.version]!.get(row.position.offset)!]!
      yield { ...row, score: line.score, line }
    }
  }

  #repeat(line: PredictionLine, first: number): void {
    const before = this.#lines[first]!
    const changed = (Object.keys(line) as (keyof PredictionLine)[]).find((field) => line[field] !== before[field])
    if (changed === undefined) this.predictionsRepeated++
    else throw new LineProblem(changed, 'differs from an earlier line for the same prediction, which stays')
  }

  #group({ version, variant }: PredictionLine): number {
    const name = JSON.stringify([version, variant])
    const known = this.#groupOf.get(name)
    if (known !== undefined) return known
    const group = this.#lineOf.length
    this.#groupOf.set(name, group)
    this.#lineOf.push(new Map())
    return group
  }

  /** Offset of an event. Without its id, an id of ours says it, else the prediction or CloudEvents id, else nothing. */
  #event({ predictionId, eventId, ceId }: PredictionLine): bigint {
    const name = eventId ?? eventOf(predictionId) ?? predictionId ?? ceId ?? undefined
    const known = name === undefined ? undefined : this.#events.get(name)
    if (known !== undefined) return known
    const offset = BigInt(this.#events.size)
    this.#events.set(name ?? `\n${offset}`, offset) // A name that no file can hold.
    return offset
  }

  #ref({ field, value }: OutcomeLine['ref']): OutcomeRef {
    if (field === 'ceId') return { kind: 'ceId', id: value }
    if (field === 'key') return { kind: 'key', key: value }
    if (field === 'predictionId') {
      const found = this.#ids.get(value)
      return found === undefined ? NOWHERE : { kind: 'prediction', partition: PARTITION, ...found }
    }
    const offset = this.#events.get(value)
    return offset === undefined ? NOWHERE : { kind: 'event', partition: PARTITION, offset }
  }
}

/** Whether a row was decided, and came out, positive. */
export function isPositive(label: number | null): boolean | null {
  return label === null ? null : label === POSITIVE_LABEL
}

const PARTITION = 0
/** What an unknown id refers to: files are complete, so its prediction cannot come any more. */
const NOWHERE: OutcomeRef = { kind: 'event', partition: PARTITION + 1, offset: 0n }

function eventOf(predictionId: string | null): string | undefined {
  const position = predictionId === null ? undefined : parsePredictionId(predictionId)
  return position === undefined ? undefined : formatEventId(position)
}
