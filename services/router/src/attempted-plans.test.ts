import { CompiledPlan } from '@sluice/routing'
import { expect, test } from 'vitest'
import { AttemptedPlans } from './attempted-plans.ts'

const [first, second, third] = [1, 2, 3].map(
  (generation) =>
    new CompiledPlan({
      generation,
      endpoint: 'churn',
      salt: 'churn',
      variants: [{ name: 'champion', model: 'churn', version: 7, weightBp: 10_000 }],
      shadows: [],
    }),
) as [CompiledPlan, CompiledPlan, CompiledPlan]

test('every record keeps the plan of its first attempt, however often the plan changes before the commit', () => {
  const attempts = new AttemptedPlans()
  attempts.attempted(0, 10n, first)
  attempts.attempted(0, 10n, first)
  attempts.attempted(0, 15n, second)
  attempts.attempted(0, 12n, third)
  attempts.attempted(0, 20n, third)
  const plans = [0n, 9n, 10n, 14n, 15n, 19n, 20n].map((offset) => attempts.planFor(0, offset, third).generation)
  expect(plans).toEqual([1, 1, 2, 2, 3, 3, 3])
  expect(attempts.planFor(1, 0n, third)).toBe(third)
})

test('a commit clears its partition', () => {
  const attempts = new AttemptedPlans()
  attempts.attempted(0, 10n, first)
  attempts.attempted(1, 10n, first)
  attempts.committed(0)
  expect([attempts.isClear(0), attempts.isClear(1)]).toEqual([true, false])
  expect(attempts.planFor(0, 5n, second)).toBe(second)
})
