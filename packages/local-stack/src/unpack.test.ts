import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { strToU8, zipSync } from 'fflate'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { type CacheFolder, openCacheFolder } from './cache-folder.ts'
import { unpackOnce, unpackZip } from './unpack.ts'

let root: string
let cache: CacheFolder
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'sluice-unpack-'))
  cache = await openCacheFolder(join(root, 'cache'))
  onTestFinished(() => rm(root, { recursive: true, force: true }))
})

test('processes that unpack at the same time end up with one whole folder', async () => {
  let runs = 0
  const unpack = async (folder: string) => {
    runs += 1
    await writeFile(join(folder, 'a'), '1')
    await new Promise((resolve) => setTimeout(resolve, 5))
    await writeFile(join(folder, 'b'), '2')
  }
  const folders = await Promise.all([1, 2, 3].map(() => unpackOnce(cache, 'name', unpack)))
  expect(new Set(folders).size).toBe(1)
  expect((await readdir(folders[0]!)).sort()).toEqual(['a', 'b'])
  expect(await readdir(cache.partial)).toEqual([])
  const before = runs
  await unpackOnce(cache, 'name', unpack)
  expect(runs).toBe(before)
})

test('a failed unpacking leaves nothing that could pass for a whole one', async () => {
  const failing = unpackOnce(cache, 'name', async (folder) => {
    await writeFile(join(folder, 'a'), '1')
    throw new Error('disk full')
  })
  await expect(failing).rejects.toThrow('disk full')
  expect(await readdir(cache.unpacked)).toEqual([])
  expect(await readdir(cache.partial)).toEqual([])
})

test('only the wanted entries of a zip are written, and programs can be run', async () => {
  const archive = join(root, 'x.zip')
  await writeFile(
    archive,
    zipSync({ 'jre/bin/java': strToU8('run'), 'jre/lib/x': strToU8('lib'), other: strToU8('no') }),
  )
  const entries = await unpackZip(archive, join(root, 'out'), (name) => name.startsWith('jre/'))
  expect(entries.sort()).toEqual(['jre/bin/java', 'jre/lib/x'])
  expect(await readdir(join(root, 'out'))).toEqual(['jre'])
  expect(await readFile(join(root, 'out/jre/lib/x'), 'utf8')).toBe('lib')
  expect((await stat(join(root, 'out/jre/bin/java'))).mode & 0o111).not.toBe(0)
})

test('an entry that leads out of the folder is refused', async () => {
  const archive = join(root, 'x.zip')
  await writeFile(archive, zipSync({ '../escaped': strToU8('x') }))
  await expect(unpackZip(archive, join(root, 'out'), () => true)).rejects.toThrow(/leads out of the archive/)
  expect(await readdir(root)).not.toContain('escaped')
})
