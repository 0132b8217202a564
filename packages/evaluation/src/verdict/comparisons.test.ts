import { describe, expect, test } from 'vitest'
import vectors from '../../../../schemas/vectors/statistics/comparisons.json' with { type: 'json' }
import mixtures from '../../../../schemas/vectors/statistics/mixtures.json' with { type: 'json' }
import { CrossMoments, type CrossSums } from '../counters/cross-moments.ts'
import { Moments } from '../counters/moments.ts'
import { cuped } from '../estimators/cuped.ts'
import { difference, relativeLift } from '../estimators/difference.ts'
import { type EstimateResult, estimateOf } from '../estimators/estimate.ts'
import { mean } from '../estimators/mean.ts'
import { proportion } from '../estimators/proportion.ts'
import { ratio } from '../estimators/ratio.ts'
import { expectWithin } from '../testing/expect-within.ts'
import { verdict } from './verdict.ts'
import { type VerdictPlanInput, verdictPlanSchema } from './verdict-plan.ts'

type Arm = (typeof vectors.cases)[number]['control']

function arm(kind: string, sums: Arm): EstimateResult {
  if (kind === 'proportion') return proportion({ successes: sums.sum!, n: sums.n })
  if (kind === 'mean') return mean(Moments.fromSums(sums.n, sums.sum!, sums.sumSquares!))
  return ratio(CrossMoments.fromSums(sums as CrossSums))
}

function effect(kind: string, control: Arm, candidate: Arm, relative: boolean): EstimateResult {
  if (kind === 'cuped') {
    return cuped(CrossMoments.fromSums(control as CrossSums), CrossMoments.fromSums(candidate as CrossSums), {
      relative,
    })
  }
  return (relative ? relativeLift : difference)(arm(kind, control), arm(kind, candidate))
}

/** `test` of the vectors → what it is called here. */
const PLANS: Readonly<Record<keyof (typeof vectors.cases)[number]['expected'], VerdictPlanInput>> = {
  fixed: { method: 'fixed' },
  fixedRelative: { method: 'fixed' },
  fixedGreater: { method: 'fixed', sides: 'one' },
  fixedLesser: { method: 'fixed', sides: 'one', direction: 'decrease' },
  sequential: { method: 'sequential' },
  sequentialRelative: { method: 'sequential' },
  sequentialAlpha1Tuned20000: { method: 'sequential', alpha: 0.01, plannedSampleSize: 20_000 },
  sequentialGreater: { method: 'sequential', sides: 'one' },
  sequentialLesser: { method: 'sequential', sides: 'one', direction: 'decrease' },
}

describe.each(vectors.cases)('$name', ({ kind, control, candidate, expected }) => {
  test.each(Object.keys(PLANS) as (keyof typeof PLANS)[])('%s agrees with GrowthBook', (name) => {
    const wanted = expected[name]
    const result = verdict(
      effect(kind, control, candidate, name.endsWith('Relative')),
      verdictPlanSchema.parse(PLANS[name]),
    )
    expectWithin(result.estimate, wanted.estimate, 1e-10)
    expectWithin(result.standardError, wanted.standardError, 1e-10)
    expectWithin(result.interval[0], wanted.interval[0]!, 1e-9)
    expectWithin(result.interval[1], wanted.interval[1]!, 1e-9)
    if ('pValueTolerance' in wanted) {
      // Their search stops at 0.4999 and 1e-5; ours goes on.
      const clamped = Math.min(0.4999, Math.max(1e-5, result.pValue!))
      expect(Math.abs(clamped - wanted.pValue)).toBeLessThanOrEqual(wanted.pValueTolerance)
    } else {
      expect(Math.abs(result.pValue! - wanted.pValue)).toBeLessThan(1e-10)
    }
  })
})

test('the mixing scale gives the integral over the mixture', () => {
  for (const { estimate, standardError, mixingScale, expected } of mixtures.cases) {
    const result = verdict(
      estimateOf(estimate, standardError ** 2, 1000, null),
      verdictPlanSchema.parse({ mixingScale }),
    )
    expectWithin(result.pValue, expected.pValue, 1e-9)
  }
})
