import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { cacheFolderPath, openCacheFolder } from './cache-folder.ts'

const DAY_MS = 24 * 3600 * 1000

test('the cache is where the first of its three variables says', () => {
  expect(cacheFolderPath({ SLUICE_CACHE_DIR: '/a', XDG_CACHE_HOME: '/b' })).toBe('/a')
  expect(cacheFolderPath({ XDG_CACHE_HOME: '/b' })).toBe('/b/sluice')
  expect(cacheFolderPath({})).toBe(join(homedir(), '.cache', 'sluice'))
})

test('left-overs of interrupted downloads are swept after a day and not before', async () => {
  const root = await mkdtemp(join(tmpdir(), 'sluice-cache-'))
  onTestFinished(() => rm(root, { recursive: true, force: true }))
  const nowMs = 1_800_000_000_000
  const { partial } = await openCacheFolder(root, nowMs)
  for (const [name, ageMs] of [
    ['old', DAY_MS + 1000],
    ['young', DAY_MS - 1000],
  ] as const) {
    await writeFile(join(partial, name), 'x')
    await utimes(join(partial, name), (nowMs - ageMs) / 1000, (nowMs - ageMs) / 1000)
  }
  await openCacheFolder(root, nowMs)
  expect(await readdir(partial)).toEqual(['young'])
})
