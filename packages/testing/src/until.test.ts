import { expect, test } from 'vitest'
import { until } from './until.ts'

test('looks again until there is something, and null, 0 and false are something', async () => {
  let looks = 0
  expect(await until('the third look', () => (++looks === 3 ? 'here' : undefined))).toBe('here')
  for (const found of [null, 0, false]) expect(await until('it', async () => found)).toBe(found)
})

test('a wait that ends says what for and how things stood', async () => {
  const waiting = until('rain', () => undefined, { waitMsMax: 1, still: () => 'the sun shines' })
  await expect(waiting).rejects.toThrow('rain did not come within 0.001 s:\nthe sun shines')
})

test('an error of the look ends the wait', async () => {
  const failing = until('it', () => {
    throw new Error('gone')
  })
  await expect(failing).rejects.toThrow('gone')
})
