import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { cachedPath, DOWNLOAD_TRIES_MAX, differenceOf, ensureArtifacts } from './artifact-cache.ts'
import type { Artifact } from './artifact-lock.ts'
import { mavenSource } from './artifact-source.ts'
import { type CacheFolder, openCacheFolder } from './cache-folder.ts'

// The refused downloads wait between their tries.
vi.setConfig({ testTimeout: 60_000 })

/** Hash of the three bytes `abc`: FIPS 180-2, appendix B.1. */
const SHA256_OF_ABC = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'

/** A real repository on a loopback port; the artifact's name says how it misbehaves. */
const requests = new Map<string, number>()
let repository: Server
let source: ReturnType<typeof mavenSource>
let root: string

beforeAll(async () => {
  repository = createServer((request, response) => {
    const path = request.url ?? ''
    const count = (requests.get(path) ?? 0) + 1
    requests.set(path, count)
    if (path.includes('/absent/')) response.writeHead(404).end()
    else if (path.includes('/tampered/')) response.end('abd')
    else if (path.includes('/truncated/')) response.end('ab')
    else if (path.includes('/cut-off/')) {
      response.writeHead(200, { 'content-length': '3' }).write('ab')
      response.socket?.end()
    } else if (path.includes('/flaky/') && count < DOWNLOAD_TRIES_MAX) response.writeHead(503).end()
    else response.end('abc')
  })
  await new Promise<void>((resolve) => repository.listen(0, '127.0.0.1', resolve))
  const { port } = repository.address() as AddressInfo
  source = mavenSource({ SLUICE_MAVEN_REPOSITORY: `http://127.0.0.1:${port}/maven2` })
  root = await mkdtemp(join(tmpdir(), 'sluice-artifacts-'))
})

afterAll(async () => {
  await new Promise((resolve) => repository.close(resolve))
  await rm(root, { recursive: true, force: true })
})

function artifactNamed(artifact: string): Artifact {
  return { group: 'org.example', artifact, version: '1.0', extension: 'jar', bytes: 3, sha256: SHA256_OF_ABC }
}

function requestsFor(artifact: string): number {
  return requests.get(`/maven2/org/example/${artifact}/1.0/${artifact}-1.0.jar`) ?? 0
}

async function ensure(artifact: string, cache: CacheFolder): Promise<string[]> {
  return ensureArtifacts([artifactNamed(artifact)], { cache, source, title: 'test', report: () => {} })
}

test('a file is downloaded once, and what the cache holds is hashed again and not trusted', async () => {
  const cache = await openCacheFolder(join(root, 'good'))
  const [path] = await ensure('good', cache)
  expect(await readFile(path!, 'utf8')).toBe('abc')
  await ensure('good', cache)
  expect(requestsFor('good')).toBe(1)

  await writeFile(path!, 'abX')
  await ensure('good', cache)
  expect(await readFile(path!, 'utf8')).toBe('abc')
  expect(requestsFor('good')).toBe(2)
  expect(await readdir(cache.partial)).toEqual([])
})

test.concurrent.each([
  ['tampered', /its sha256 is [0-9a-f]{64}, the lock says ba7816bf/],
  ['truncated', /it has 2 bytes, the lock says 3/],
  ['absent', /404/],
])('a %s file is refused after a bounded number of tries and nothing of it is kept', async (name, reason) => {
  const cache = await openCacheFolder(join(root, name))
  await expect(ensure(name, cache)).rejects.toThrow(reason)
  await expect(ensure(name, cache)).rejects.toMatchObject({
    name: 'DependencyError',
    next: expect.stringContaining('SLUICE_MAVEN_REPOSITORY'),
  })
  expect(requestsFor(name)).toBe(2 * DOWNLOAD_TRIES_MAX)
  expect(await readdir(cache.partial)).toEqual([])
  expect(await differenceOf(cachedPath(cache, artifactNamed(name)), artifactNamed(name))).toBe('it is missing')
})

test.concurrent('a repository that fails for a while is tried again', async () => {
  const cache = await openCacheFolder(join(root, 'flaky'))
  const [path] = await ensure('flaky', cache)
  expect(await readFile(path!, 'utf8')).toBe('abc')
  expect(requestsFor('flaky')).toBe(DOWNLOAD_TRIES_MAX)
})

test.concurrent('many first starts at once leave one whole file', async () => {
  const cache = await openCacheFolder(join(root, 'together'))
  const paths = await Promise.all(Array.from({ length: 6 }, () => ensure('together', cache)))
  expect(new Set(paths.flat()).size).toBe(1)
  expect(await readFile(paths[0]![0]!, 'utf8')).toBe('abc')
  expect(await readdir(cache.partial)).toEqual([])
})

test.concurrent('an aborted download ends at once and is not tried again', async () => {
  const cache = await openCacheFolder(join(root, 'aborted'))
  const stop = new AbortController()
  stop.abort(new Error('not wanted any more'))
  const options = { cache, source, title: 'test', report: () => {}, signal: stop.signal }
  await expect(ensureArtifacts([artifactNamed('aborted')], options)).rejects.toThrow('not wanted any more')
  expect(requestsFor('aborted')).toBe(0)
})
