import { expect, test } from 'vitest'
import { Scope } from './scope.ts'

test('parts stop in reverse, also when one of them fails to stop', async () => {
  const log: string[] = []
  const scope = new Scope((name) => log.push(`error in ${name}`))
  await scope.use('first', { stop: () => void log.push('first') })
  await scope.use('second', { stop: () => Promise.reject(new Error('no')) })
  scope.defer('third', () => void log.push('third'))
  await scope.stop()
  expect(log).toEqual(['third', 'error in second', 'first'])
})
