import type { Model } from '@sluice/scoring'
import { compileDecision } from '@sluice/scoring'
import { expect, test } from 'vitest'
import { ModelSlot, type ServedModel } from './model-slot.ts'

function served(sha256: string, closed: string[], version = 8): ServedModel {
  const model: Model = {
    name: 'churn',
    version,
    engine: 'trees',
    sha256,
    width: 1,
    outputs: 1,
    allocate: () => {
      throw new Error('not asked for')
    },
    score: () => {},
    close: async () => void closed.push(sha256),
  }
  return { model, features: [], decide: compileDecision({ task: 'regression' }) }
}

test('what was replaced is closed between two batches, and not while somebody uses it', async () => {
  const closed: string[] = []
  const slot = new ModelSlot(served('a', closed))
  let release: () => void = () => {}
  const using = slot.use(() => new Promise<void>((resolve) => (release = resolve)))
  slot.replace(served('b', closed))
  expect(slot.current.model.sha256).toBe('b')
  await slot.closeRetired()
  expect(closed).toEqual([])
  release()
  await using
  await slot.closeRetired()
  expect(closed).toEqual(['a'])
  await slot.close()
  expect(closed).toEqual(['a', 'b'])
})

test('another version does not fit into the slot', () => {
  const slot = new ModelSlot(served('a', []))
  expect(() => slot.replace(served('b', [], 9))).toThrow(/keeps its version/)
})
