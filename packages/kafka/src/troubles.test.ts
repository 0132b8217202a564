import { VirtualClock } from '@sluice/stream'
import { expect, test } from 'vitest'
import { Troubles } from './troubles.ts'

test('a trouble counts once it has lasted, with its latest error, until it is over', async () => {
  const clock = new VirtualClock()
  const troubles = new Troubles(clock)
  troubles.report('broker 1', new Error('first'))
  await clock.advance(4_999)
  troubles.report('broker 1', new Error('second'))
  troubles.report('the group', new Error('younger'))
  expect(troubles.lasting(5_000)).toBeUndefined()
  await clock.advance(1)
  expect(troubles.lasting(5_000)?.message).toBe('second')
  troubles.clear('broker 1')
  expect(troubles.lasting(5_000)).toBeUndefined()
  await clock.advance(4_999)
  expect(troubles.lasting(5_000)?.message).toBe('younger')
})
