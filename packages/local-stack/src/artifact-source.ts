import { stat } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Artifact } from './artifact-lock.ts'

/** A CommonJS module with a `default` property; test runners and Node disagree about what its default import is. */
const { default: download }: typeof import('mvn-artifact-download') = createRequire(import.meta.url)(
  'mvn-artifact-download',
)

/** A download whose file has not grown for this long is given up and tried again. */
const STALL_MS_MAX = 20_000
const WATCH_EVERY_MS = 200

export interface FetchOptions {
  readonly signal: AbortSignal
  /** Told how many bytes of the file have arrived so far. */
  readonly onBytes: (bytes: number) => void
}

/** Where artifacts come from. `fetch` writes the whole file to `path` or throws; it does not judge the content. */
export interface ArtifactSource {
  fetch(artifact: Artifact, path: string, options: FetchOptions): Promise<void>
}

/** Maven Central, or the repository in `SLUICE_MAVEN_REPOSITORY` (a mirror inside a company, for instance). */
export function mavenSource(env: NodeJS.ProcessEnv): ArtifactSource {
  const configured = env['SLUICE_MAVEN_REPOSITORY']
  const repository = configured === undefined || configured === '' ? undefined : `${configured.replace(/\/+$/, '')}/`
  return {
    async fetch(artifact, path, options) {
      const stop = new AbortController()
      const signal = AbortSignal.any([options.signal, stop.signal])
      const transfer = download(
        {
          groupId: artifact.group,
          artifactId: artifact.artifact,
          version: artifact.version,
          extension: artifact.extension,
          ...(artifact.classifier === undefined ? {} : { classifier: artifact.classifier }),
        },
        dirname(path),
        repository,
        basename(path),
        fetchOptions(signal),
      )
      try {
        await Promise.race([transfer, stalled(path, options.onBytes, signal)])
      } finally {
        // Closes the connection of a stalled transfer and ends the watcher of a finished one.
        stop.abort()
      }
    },
  }
}

/** The downloader hands its options on to its HTTP client, which takes a signal although the types do not list it. */
function fetchOptions(signal: AbortSignal): { readonly headers: Record<string, string>; readonly signal: AbortSignal } {
  return { headers: {}, signal }
}

/** Never resolves; rejects when the file stops growing or the signal fires. The downloader itself would wait for ever. */
async function stalled(path: string, onBytes: (bytes: number) => void, signal: AbortSignal): Promise<never> {
  let size = 0
  let grownAtMs = performance.now()
  for (;;) {
    await sleep(WATCH_EVERY_MS, undefined, { signal })
    const now = (await stat(path).catch(() => undefined))?.size ?? 0
    if (now > size) {
      size = now
      grownAtMs = performance.now()
      onBytes(size)
    }
    if (performance.now() - grownAtMs > STALL_MS_MAX) {
      throw new Error(`no byte arrived for ${STALL_MS_MAX / 1000} s (${size} bytes so far)`)
    }
  }
}
