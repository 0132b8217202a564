import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { METRICS, RECORD_FAULTS } from '@sluice/contracts'
import { expect, test } from 'vitest'
import { referencePages } from './generate-reference.ts'

const ROOT = resolve(import.meta.dirname, '..')

test.each([...referencePages()])('%s is what the code says', (path, text) => {
  expect(readFileSync(resolve(ROOT, path), 'utf8'), 'run node tools/generate-reference.ts').toBe(text)
})

test('every fault and every metric has its line', () => {
  const pages = referencePages()
  for (const code of Object.keys(RECORD_FAULTS)) expect(pages.get('docs/reference/errors.md')).toContain(`\`${code}\``)
  for (const name of Object.keys(METRICS)) expect(pages.get('docs/reference/metrics.md')).toContain(`\`${name}\``)
})
