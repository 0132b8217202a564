import { POSITIVE_LABEL } from '../join/outcome-fact.ts'
import type { JoinedRow } from '../join/outcome-join.ts'
import { closesAtMs, type JoinConfig, type PredictionState } from '../join/prediction-state.ts'
import { NO_ENDINGS, PAIR_ENDINGS, type PairEnding } from '../join/settle-facts.ts'
import { DelayHistogram } from './delay-histogram.ts'
import { LabelledCounters } from './labelled-counters.ts'
import type { QualityPane } from './quality-pane.ts'

/** Predictions of any span as they stand at one moment; merged from panes, or counted row by row. */
export class QualityWindow {
  /** With a label: matched, and negative by absence. */
  readonly labelled = new LabelledCounters()
  readonly states: Record<PredictionState, number> = { matched: 0, absentNegative: 0, expired: 0, pending: 0 }
  readonly endings: Record<PairEnding, number> = { ...NO_ENDINGS }
  readonly delays = new DelayHistogram()
  delayMsSum = 0
  humanLabels = 0

  get predictions(): number {
    const { matched, absentNegative, expired, pending } = this.states
    return matched + absentNegative + expired + pending
  }

  /** Adds a pane as it stands at `asOfMs`, with the settings of the join that filled it. */
  addPane(pane: QualityPane, asOfMs: number, config: JoinConfig): void {
    this.labelled.merge(pane.labelled)
    this.states.matched += pane.labelled.n
    const { n } = pane.unlabelled
    if (asOfMs < closesAtMs(pane.key.startMs, config.horizonMs)) this.states.pending += n
    else if (config.absence === 'unknown') this.states.expired += n
    else {
      this.states.absentNegative += n
      this.labelled.merge(pane.unlabelled.asNegatives())
    }
    for (const ending of ENDINGS) this.endings[ending] += pane.endings[ending]
    this.delays.merge(pane.delays)
    this.delayMsSum += pane.delayMsSum
    this.humanLabels += pane.humanLabels
  }

  /** Adds one joined row; `score` stands for the row's own where the caller knows it more exactly than float32. */
  addRow(row: JoinedRow, score = row.score): void {
    const { label, state, settled } = row
    if (label !== null) this.labelled.count(score, row.decision === POSITIVE_LABEL, label === POSITIVE_LABEL)
    this.states[state]++
    for (const ending of ENDINGS) this.endings[ending] += settled.endings[ending]
    if (row.occurredAtMs === null) return
    this.delays.count(row.occurredAtMs - row.eventTimeMs)
    this.delayMsSum += row.occurredAtMs - row.eventTimeMs
    if (row.source === 'human') this.humanLabels++
  }
}

const ENDINGS = Object.keys(PAIR_ENDINGS) as PairEnding[]
