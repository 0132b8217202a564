import { EVENT_TIME_MS_MAX, NO_DECISION, type OpenSlot } from './open-block.ts'
import { type JoinPosition, OpenPredictions, type OpenPredictionsSnapshot } from './open-predictions.ts'
import { LABELS_MAX, type OutcomeFact, type OutcomeSource } from './outcome-fact.ts'
import { type JoinEvent, PositionIndex, type PositionIndexSnapshot } from './position-index.ts'
import {
  type Absence,
  checkJoinConfig,
  type JoinConfig,
  type PredictionState,
  predictionState,
} from './prediction-state.ts'
import { NO_ENDINGS, PAIR_ENDINGS, type PairEnding, type Settled, settleFacts, UNSETTLED } from './settle-facts.ts'
import { type JoinOutcome, type OutcomeRef, type StandingOutcome, StandingOutcomes } from './standing-outcomes.ts'

export interface JoinPrediction extends JoinPosition {
  /** Finite; kept as float32. */
  readonly score: number
  /** Index of the decided label, or NO_DECISION. */
  readonly decision: number
  readonly eventTimeMs: number
  /** Entity key; only needed where outcomes come by key. */
  readonly key?: string | null
  /** Only needed where outcomes come by CloudEvents id. */
  readonly ceId?: string | null
}

/** One prediction changed: take back what was counted for `before` and count `after`. */
export interface JoinChange {
  readonly position: JoinPosition
  readonly score: number
  readonly decision: number
  readonly eventTimeMs: number
  /** Null when the prediction is new. */
  readonly before: Settled | null
  readonly after: Settled
}
export type JoinSink = (change: JoinChange) => void

/** A prediction with what became of it. */
export interface JoinedRow {
  readonly position: JoinPosition
  readonly score: number
  readonly decision: number
  readonly eventTimeMs: number
  readonly state: PredictionState
  /** Null unless matched, or negative by absence. */
  readonly label: number | null
  readonly occurredAtMs: number | null
  readonly source: OutcomeSource | null
  readonly settled: Settled
}

/** `repeated`: the same once more, without effect. `conflicting`: the position holds another prediction, which stays. */
export type PredictionReceipt = 'added' | 'repeated' | 'conflicting' | 'forgotten'
/** `future`: held until its time has come. `waiting`: no prediction so far. */
export type OutcomeReceipt = 'matched' | 'waiting' | 'future' | 'repeated'

/**
 * Every outcome record is one of `matched`, `waiting`, `orphans`, `future`. Each pair of an outcome and a prediction it
 * lies on is one of the endings; an outcome that names an event forms one pair per version that scored it.
 */
export interface JoinCounts {
  readonly predictions: number
  readonly outcomes: number
  readonly matched: number
  /** No prediction so far, within the grace. */
  readonly waiting: number
  /** No prediction, and the grace has passed. */
  readonly orphans: number
  /** Dated after the present of the join. */
  readonly future: number
  readonly pairs: Readonly<Record<PairEnding, number>>
}

/** Everything the join knows, as plain data: numbers, texts, lists and bytes. */
export interface JoinSnapshot {
  readonly config: { readonly horizonMs: number; readonly graceMs: number; readonly absence: Absence }
  readonly nowMs: number
  readonly taken: readonly (readonly [number, bigint])[]
  readonly open: OpenPredictionsSnapshot
  readonly keys: PositionIndexSnapshot
  readonly ceIds: PositionIndexSnapshot
  readonly standing: readonly StandingOutcome[]
  readonly held: readonly JoinOutcome[]
  readonly totals: JoinTotals
}

interface JoinTotals {
  predictions: number
  outcomes: number
  matched: number
  forgottenOrphans: number
  pairs: Record<PairEnding, number>
}

/**
 * Joins what really happened to predictions. A pure state machine over event times: it reads no clock, and its result
 * depends on the set of records alone, not on the order in which predictions and outcomes come, on restarts in between,
 * or on records that come again. Outcomes of one partition of the outcomes topic must come in offset order, as a
 * log gives them; everything at or below the highest offset seen is a repetition.
 */
export class OutcomeJoin {
  readonly config: JoinConfig
  readonly #sink: JoinSink
  #nowMs = Number.NEGATIVE_INFINITY
  #open = new OpenPredictions()
  #keys = new PositionIndex()
  #ceIds = new PositionIndex()
  #standing = new StandingOutcomes()
  #held: JoinOutcome[] = []
  readonly #taken = new Map<number, bigint>()
  #totals: JoinTotals = {
    predictions: 0,
    outcomes: 0,
    matched: 0,
    forgottenOrphans: 0,
    pairs: { ...NO_ENDINGS },
  }

  constructor(config: JoinConfig, sink: JoinSink = () => {}) {
    checkJoinConfig(config)
    this.config = config
    this.#sink = sink
  }

  /** The present of the join in event time: outcomes dated later are held back. */
  get nowMs(): number {
    return this.#nowMs
  }

  /** Bytes that blocks of open predictions take, without the key index and what lies beside the blocks. */
  get blockBytes(): number {
    return this.#open.blockBytes
  }

  /** Throws RangeError for a prediction that cannot be kept; its reader should have made it a dead letter. */
  predict(prediction: JoinPrediction): PredictionReceipt {
    checkPrediction(prediction)
    const { version, partition, offset, decision, eventTimeMs } = prediction
    const position = { version, partition, offset }
    const score = Math.fround(prediction.score)
    const known = this.#open.read(position)
    if (known !== undefined) {
      const same = known.score === score && known.eventTimeMs === eventTimeMs && known.decision === decision
      return same ? 'repeated' : 'conflicting'
    }
    if (this.#open.isForgotten(position)) return 'forgotten'
    const isNewEvent = !this.#hasPrediction(position)
    this.#open.insert(position, { score, eventTimeMs, decision, outcome: 'none' })
    this.#totals.predictions++
    this.#sink({ position, score, decision, eventTimeMs, before: null, after: UNSETTLED })
    this.#meet(position, isNewEvent, prediction)
    return 'added'
  }

  /** Throws RangeError for an outcome with an impossible field. */
  outcome(outcome: JoinOutcome): OutcomeReceipt {
    checkOutcome(outcome)
    const { partition, offset } = outcome.cause
    if (offset <= (this.#taken.get(partition) ?? -1n)) return 'repeated'
    this.#taken.set(partition, offset)
    this.#totals.outcomes++
    if (outcome.occurredAtMs > this.#nowMs) {
      this.#held.push(outcome)
      return 'future'
    }
    return this.#take(outcome)
  }

  /** Moves the present on; earlier times are ignored. Outcomes whose time has come take effect. */
  advance(nowMs: number): void {
    if (!(nowMs > this.#nowMs)) return
    this.#nowMs = nowMs
    const due = this.#held.filter((outcome) => outcome.occurredAtMs <= nowMs)
    if (due.length === 0) return
    this.#held = this.#held.filter((outcome) => outcome.occurredAtMs > nowMs)
    for (const outcome of due) this.#take(outcome)
  }

  /**
   * Gives memory back: blocks of predictions older than horizon plus grace, and outcomes whose grace is over. Call it with
   * the least event time that all readers have passed: a record older than that, plus grace, will not find its other
   * half. Returns the number of predictions dropped.
   */
  forget(passedMs: number): number {
    const { horizonMs, graceMs } = this.config
    for (const { matches } of this.#standing.removeBefore(passedMs - graceMs)) {
      if (matches === 0) this.#totals.forgottenOrphans++
    }
    const forgotten = this.#open.forget(passedMs - horizonMs - graceMs)
    if (forgotten > 0) {
      this.#keys = this.#keys.filter((event) => this.#hasPrediction(event))
      this.#ceIds = this.#ceIds.filter((event) => this.#hasPrediction(event))
    }
    return forgotten
  }

  counts(asOfMs = this.#nowMs): JoinCounts {
    const { predictions, outcomes, matched, forgottenOrphans, pairs } = this.#totals
    let waiting = 0
    let orphans = forgottenOrphans
    for (const { matches, outcome } of this.#standing) {
      if (matches > 0) continue
      if (outcome.occurredAtMs + this.config.graceMs < asOfMs) orphans++
      else waiting++
    }
    return { predictions, outcomes, matched, waiting, orphans, future: this.#held.length, pairs: { ...pairs } }
  }

  /** All predictions still kept with what became of them, by version, partition and offset. */
  *rows(asOfMs = this.#nowMs): Generator<JoinedRow> {
    for (const [position, slot] of this.#open.entries()) {
      const { score, decision, eventTimeMs } = slot
      const settled = this.#settle(slot, this.#open.facts(position, slot))
      const state = predictionState(eventTimeMs, settled, asOfMs, this.config)
      const label = state === 'absentNegative' ? 0 : settled.label
      const { occurredAtMs, source } = settled
      yield { position, score, decision, eventTimeMs, state, label, occurredAtMs, source, settled }
    }
  }

  snapshot(): JoinSnapshot {
    const { horizonMs, graceMs, absence } = this.config
    return {
      config: { horizonMs, graceMs, absence },
      nowMs: this.#nowMs,
      taken: [...this.#taken],
      open: this.#open.snapshot(),
      keys: this.#keys.snapshot(),
      ceIds: this.#ceIds.snapshot(),
      standing: [...this.#standing].map((standing) => ({ ...standing })),
      held: [...this.#held],
      totals: { ...this.#totals, pairs: { ...this.#totals.pairs } },
    }
  }

  /** Goes on from a snapshot. The settings must be those it was made with: what was counted depends on them. */
  static restore(config: JoinConfig, snapshot: JoinSnapshot, sink: JoinSink = () => {}): OutcomeJoin {
    const { horizonMs, graceMs, absence } = snapshot.config
    if (config.horizonMs !== horizonMs || config.graceMs !== graceMs || config.absence !== absence) {
      throw new RangeError(
        `the state was made with horizon ${horizonMs} ms, grace ${graceMs} ms, absence ${absence}; rebuild it from the topics after changing them`,
      )
    }
    const join = new OutcomeJoin(config, sink)
    const { nowMs, taken, open, keys, ceIds, standing, held, totals } = snapshot
    join.#nowMs = nowMs
    for (const [partition, offset] of taken) join.#taken.set(partition, offset)
    join.#open = OpenPredictions.restore(open)
    join.#keys = PositionIndex.restore(keys)
    join.#ceIds = PositionIndex.restore(ceIds)
    for (const one of standing) join.#standing.add({ ...one })
    join.#held = [...held]
    join.#totals = { ...totals, pairs: { ...totals.pairs } }
    return join
  }

  /** Gives a new prediction the outcomes that were there before it. */
  #meet(position: JoinPosition, isNewEvent: boolean, { key, ceId }: JoinPrediction): void {
    const own: OutcomeRef = { kind: 'prediction', ...position }
    for (const standing of this.#standing.of(own)) this.#lay(standing, position)
    // An id names one prediction and no other can come, so nothing stays behind.
    this.#standing.remove(own)
    const { partition, offset } = position
    for (const standing of this.#standing.of({ kind: 'event', partition, offset })) this.#lay(standing, position)
    if (ceId != null) {
      const isNew = addOnce(this.#ceIds, ceId, position, isNewEvent)
      for (const standing of this.#standing.of({ kind: 'ceId', id: ceId })) {
        for (const target of isNew ? this.#predictionsOf(position) : [position]) this.#lay(standing, target)
      }
    }
    if (key != null) {
      addOnce(this.#keys, key, position, isNewEvent)
      for (const standing of this.#standing.of({ kind: 'key', key })) {
        if (standing.target !== null && sameEvent(standing.target, position)) this.#lay(standing, position)
        else this.#retarget(standing, position)
      }
    }
  }

  #take(outcome: JoinOutcome): OutcomeReceipt {
    const standing: StandingOutcome = { outcome, matches: 0, target: null }
    const { ref } = outcome
    if (ref.kind === 'prediction') {
      const { version, partition, offset } = ref
      if (this.#open.read(ref) !== undefined) this.#lay(standing, { version, partition, offset })
      else this.#standing.add(standing)
    } else {
      // Another version may score the event later, and by key a later event may fit better: it stays.
      if (ref.kind === 'event') this.#layOnEvent(standing, ref)
      else if (ref.kind === 'ceId') for (const event of this.#ceIds.events(ref.id)) this.#layOnEvent(standing, event)
      else for (const event of this.#keys.events(ref.key)) this.#retarget(standing, event)
      this.#standing.add(standing)
    }
    return standing.matches > 0 ? 'matched' : 'waiting'
  }

  /** Moves an outcome that came by key to this event when it is a better one than where it lies. */
  #retarget(standing: StandingOutcome, event: JoinEvent): void {
    const { occurredAtMs } = standing.outcome
    const eventTimeMs = this.#eventTimeMs(event)
    if (eventTimeMs > occurredAtMs || eventTimeMs < occurredAtMs - this.config.horizonMs) return
    const { target } = standing
    if (target !== null && !this.#isLater(event, target)) return
    if (target !== null) for (const position of this.#predictionsOf(target)) this.#lift(standing, position)
    standing.target = { partition: event.partition, offset: event.offset }
    this.#layOnEvent(standing, event)
  }

  /** Of two events at the same time the one with the larger partition, then offset: any fixed rule would do. */
  #isLater(a: JoinEvent, b: JoinEvent): boolean {
    const [timeA, timeB] = [this.#eventTimeMs(a), this.#eventTimeMs(b)]
    if (timeA !== timeB) return timeA > timeB
    return a.partition !== b.partition ? a.partition > b.partition : a.offset > b.offset
  }

  #layOnEvent(standing: StandingOutcome, event: JoinEvent): void {
    for (const position of this.#predictionsOf(event)) this.#lay(standing, position)
  }

  #lay(standing: StandingOutcome, position: JoinPosition): void {
    if (standing.matches === 0) this.#totals.matched++
    standing.matches++
    this.#change(position, standing.outcome, 1)
  }

  #lift(standing: StandingOutcome, position: JoinPosition): void {
    standing.matches--
    if (standing.matches === 0) this.#totals.matched--
    this.#change(position, standing.outcome, -1)
  }

  #change(position: JoinPosition, fact: OutcomeFact, times: 1 | -1): void {
    const slot = this.#open.read(position)!
    const before = this.#settle(slot, this.#open.facts(position, slot))
    const after = this.#settle(slot, this.#open.change(position, slot, fact, times))
    const { pairs } = this.#totals
    for (const ending of ENDINGS) pairs[ending] += after.endings[ending] - before.endings[ending]
    const { score, decision, eventTimeMs } = slot
    this.#sink({ position, score, decision, eventTimeMs, before, after })
  }

  #settle(slot: OpenSlot, facts: Parameters<typeof settleFacts>[2]): Settled {
    return settleFacts(slot.eventTimeMs, this.config.horizonMs, facts)
  }

  *#predictionsOf({ partition, offset }: JoinEvent): Generator<JoinPosition> {
    for (const version of this.#open.versions()) {
      const position = { version, partition, offset }
      if (this.#open.read(position) !== undefined) yield position
    }
  }

  #hasPrediction(event: JoinEvent): boolean {
    return this.#predictionsOf(event).next().done === false
  }

  /** All versions read one event, so they agree; where records lie, the latest. */
  #eventTimeMs(event: JoinEvent): number {
    let latest = Number.NEGATIVE_INFINITY
    for (const position of this.#predictionsOf(event)) {
      latest = Math.max(latest, this.#open.read(position)!.eventTimeMs)
    }
    return latest
  }
}

const ENDINGS = Object.keys(PAIR_ENDINGS) as PairEnding[]

function addOnce(index: PositionIndex, text: string, event: JoinEvent, isNewEvent: boolean): boolean {
  if (!isNewEvent) for (const known of index.events(text)) if (sameEvent(known, event)) return false
  index.add(text, { partition: event.partition, offset: event.offset })
  return true
}

function sameEvent(a: JoinEvent, b: JoinEvent): boolean {
  return a.offset === b.offset && a.partition === b.partition
}

function checkPrediction({ score, decision, eventTimeMs, offset }: JoinPrediction): void {
  if (!Number.isFinite(score)) throw new RangeError(`score ${score} is not a finite number`)
  if (!(Number.isInteger(decision) && decision >= 0 && (decision < LABELS_MAX || decision === NO_DECISION))) {
    throw new RangeError(`decision ${decision} is no label below ${LABELS_MAX} and not NO_DECISION`)
  }
  checkTime('eventTimeMs', eventTimeMs)
  if (offset < 0n) throw new RangeError(`offset ${offset} is negative`)
}

function checkOutcome({ label, occurredAtMs, recordedAtMs, revision }: JoinOutcome): void {
  if (label !== null && !(Number.isInteger(label) && label >= 0 && label < LABELS_MAX)) {
    throw new RangeError(`label ${label} is not a whole number from 0 to ${LABELS_MAX - 1}`)
  }
  checkTime('occurredAtMs', occurredAtMs)
  if (recordedAtMs !== null) checkTime('recordedAtMs', recordedAtMs)
  if (!(Number.isInteger(revision) && revision >= 0)) throw new RangeError(`revision ${revision} is no count`)
}

function checkTime(name: string, ms: number): void {
  if (!(Number.isInteger(ms) && ms >= 0 && ms <= EVENT_TIME_MS_MAX)) {
    throw new RangeError(`${name} ${ms} is not whole milliseconds since 1970 up to ${EVENT_TIME_MS_MAX}`)
  }
}
