/** What a model's outputs mean. */
export type DecisionRule =
  | {
      readonly task: 'binary'
      readonly threshold: number
      readonly labels: { readonly negative: string; readonly positive: string }
    }
  | { readonly task: 'multiclass'; readonly labels: readonly string[] }
  | { readonly task: 'regression' }

/** From scores to labels. */
export interface Decision {
  /** Values per row in the model's output: 1, or one per class. */
  readonly outputs: number
  /** What can be decided; a regression decides nothing, which is the empty label. */
  readonly labels: readonly string[]
  /** Index into `labels` for one row of `[rows, outputs]` scores. */
  of(scores: Float32Array, row: number): number
  /** The one score a prediction carries: of the positive class, of the decided class, or the value. */
  scoreOf(scores: Float32Array, row: number, decision: number): number
}

/**
 * Binary: positive from the threshold on. Scores are float32, so the threshold is rounded to float32 first: a score that
 * is exactly the threshold decides positive, as in the training library. Multi-class: the first of the largest.
 */
export function compileDecision(rule: DecisionRule): Decision {
  switch (rule.task) {
    case 'binary': {
      const threshold = Math.fround(rule.threshold)
      return {
        outputs: 1,
        labels: [rule.labels.negative, rule.labels.positive],
        of: (scores, row) => (scores[row]! >= threshold ? 1 : 0),
        scoreOf: (scores, row) => scores[row]!,
      }
    }
    case 'multiclass': {
      const outputs = rule.labels.length
      return {
        outputs,
        labels: rule.labels,
        of: (scores, row) => {
          let best = 0
          for (let i = 1; i < outputs; i++) if (scores[row * outputs + i]! > scores[row * outputs + best]!) best = i
          return best
        },
        scoreOf: (scores, row, decision) => scores[row * outputs + decision]!,
      }
    }
    case 'regression':
      return { outputs: 1, labels: [''], of: () => 0, scoreOf: (scores, row) => scores[row]! }
  }
}
