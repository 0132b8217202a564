import { createHash, randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { DependencyError } from '@sluice/contracts'
import { type Artifact, artifactFile, coordinates } from './artifact-lock.ts'
import type { ArtifactSource } from './artifact-source.ts'
import type { CacheFolder } from './cache-folder.ts'

/** Tries per file, the first included. */
export const DOWNLOAD_TRIES_MAX = 4
const PARALLEL_DOWNLOADS_MAX = 8
const RETRY_WAIT_MS = 250
const PROGRESS_EVERY_MS = 2_000
const BYTES_PER_MB = 1_000_000

export interface EnsureOptions {
  readonly cache: CacheFolder
  readonly source: ArtifactSource
  /** What the files are, for progress lines: `Kafka 4.3.1`. */
  readonly title: string
  readonly report: (line: string) => void
  readonly signal?: AbortSignal | undefined
}

/**
 * Makes sure every artifact is in the cache with the size and hash the lock names, and returns their paths in the order
 * given. What is there is hashed again, what is missing or differs is downloaded beside the cache and renamed into it only
 * after its hash is right. Two processes may do this at once: at worst both download, and the last rename wins.
 *
 * Errors: `DependencyError` that names the artifact, what was expected, what came, and the next step.
 */
export async function ensureArtifacts(artifacts: readonly Artifact[], options: EnsureOptions): Promise<string[]> {
  const paths = artifacts.map((artifact) => cachedPath(options.cache, artifact))
  const missing: Artifact[] = []
  for (const [index, artifact] of artifacts.entries()) {
    if ((await differenceOf(paths[index]!, artifact)) !== undefined) missing.push(artifact)
  }
  if (missing.length > 0) await downloadAll(missing, options)
  return paths
}

/** Where the cache keeps an artifact. */
export function cachedPath(cache: CacheFolder, artifact: Artifact): string {
  return join(cache.artifacts, artifact.sha256, artifactFile(artifact))
}

/** Says in words how a file differs from what the lock names, or `undefined` when it is the very file. */
export async function differenceOf(path: string, artifact: Artifact): Promise<string | undefined> {
  const found = await stat(path).catch(() => undefined)
  if (found === undefined) return 'it is missing'
  if (found.size !== artifact.bytes) return `it has ${found.size} bytes, the lock says ${artifact.bytes}`
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer)
  const sha256 = hash.digest('hex')
  return sha256 === artifact.sha256 ? undefined : `its sha256 is ${sha256}, the lock says ${artifact.sha256}`
}

async function downloadAll(missing: readonly Artifact[], options: EnsureOptions): Promise<void> {
  const totalMb = megabytes(missing.reduce((sum, artifact) => sum + artifact.bytes, 0))
  const files = missing.length === 1 ? '1 file' : `${missing.length} files`
  options.report(`${options.title}: downloading ${files}, ${totalMb} MB, into ${options.cache.root}`)
  const received = new Map<Artifact, number>()
  const startedMs = performance.now()
  const ticker = setInterval(() => {
    const bytes = [...received.values()].reduce((sum, count) => sum + count, 0)
    options.report(`${options.title}: ${megabytes(bytes)} of ${totalMb} MB`)
  }, PROGRESS_EVERY_MS)
  const queue = [...missing]
  // The first failure stops the others, so that an unreachable repository costs one round of tries and not one per file.
  const stop = new AbortController()
  const signal = options.signal === undefined ? stop.signal : AbortSignal.any([options.signal, stop.signal])
  const worker = async () => {
    for (let artifact = queue.shift(); artifact !== undefined; artifact = queue.shift()) {
      const current = artifact
      await download(current, { ...options, signal }, (bytes) => received.set(current, bytes)).catch((error) => {
        stop.abort(error)
        throw error
      })
    }
  }
  try {
    await Promise.all(Array.from({ length: Math.min(PARALLEL_DOWNLOADS_MAX, missing.length) }, worker))
  } finally {
    clearInterval(ticker)
  }
  options.report(`${options.title}: downloaded in ${((performance.now() - startedMs) / 1000).toFixed(1)} s`)
}

async function download(
  artifact: Artifact,
  options: EnsureOptions & { readonly signal: AbortSignal },
  onBytes: (bytes: number) => void,
): Promise<void> {
  const target = cachedPath(options.cache, artifact)
  let lastError: unknown
  for (let attempt = 0; attempt < DOWNLOAD_TRIES_MAX; attempt++) {
    if (attempt > 0) await sleep(RETRY_WAIT_MS * 2 ** (attempt - 1), undefined, { signal: options.signal })
    options.signal.throwIfAborted()
    const part = join(options.cache.partial, `${artifact.sha256}.${process.pid}-${randomBytes(6).toString('hex')}.part`)
    try {
      await options.source.fetch(artifact, part, { signal: options.signal, onBytes })
      const difference = await differenceOf(part, artifact)
      if (difference !== undefined) throw new Error(`the download is not the locked file: ${difference}`)
      await mkdir(dirname(target), { recursive: true })
      await rename(part, target)
      return
    } catch (error) {
      lastError = error
      if (options.signal.aborted) break
    } finally {
      await rm(part, { force: true })
    }
  }
  options.signal.throwIfAborted()
  throw new DependencyError('Maven repository', `${coordinates(artifact)} could not be had: ${messageOf(lastError)}`, {
    next: 'Check the network, or set SLUICE_MAVEN_REPOSITORY to a repository (https://…/) that this machine reaches.',
    cause: lastError,
  })
}

function megabytes(bytes: number): string {
  return (bytes / BYTES_PER_MB).toFixed(1)
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
