import { DependencyError } from '@sluice/contracts'
import type { ComponentName } from './component.ts'
import { callDocker } from './docker-api.ts'
import type { DaemonAddress } from './supervisor-protocol.ts'

/** A pull that reports nothing for this long is given up: the registry is out of reach. */
const PULL_SILENCE_MS_MAX = 10_000
const CALL_SILENCE_MS_MAX = 5_000
const PROGRESS_EVERY_MS = 2_000

interface ImageChoice {
  readonly variable: string
  readonly image: string
}

/** Images by default, and the variables that name others: a mirror, a build of one's own. */
const IMAGES: Readonly<Record<ComponentName, ImageChoice>> = {
  kafka: { variable: 'SLUICE_KAFKA_IMAGE', image: 'apache/kafka:4.3.1' },
  registry: { variable: 'SLUICE_REGISTRY_IMAGE', image: 'apicurio/apicurio-registry:3.3.3' },
  redis: { variable: 'SLUICE_REDIS_IMAGE', image: 'redis:8-alpine' },
}

export function imageOf(name: ComponentName, env: NodeJS.ProcessEnv): string {
  const { variable, image } = IMAGES[name]
  return env[variable] || image
}

/** The tag of an image reference, which is the version as people name it. A port of the registry host is no tag. */
export function imageTag(image: string): string {
  return /:([^:/@]+)(?:@|$)/.exec(image)?.[1] ?? 'latest'
}

/** Makes sure the daemon has the image. What it has under that name is taken as it is, so a local build wins. */
export async function ensureImage(
  daemon: DaemonAddress,
  image: string,
  options: { readonly report: (line: string) => void; readonly signal?: AbortSignal | undefined },
): Promise<void> {
  const path = `/images/${image}/json`
  const present = await callDocker(daemon, { method: 'GET', path, silenceMsMax: CALL_SILENCE_MS_MAX })
  if (present.status === 200) return
  options.signal?.throwIfAborted()
  options.report(`Pulling ${image}`)
  const failed = (message: string, cause?: unknown) =>
    new DependencyError('Docker', `image ${image} could not be pulled: ${message}`, {
      next: `Pull it by hand (docker pull ${image}), or name another image.`,
      cause,
    })
  let reportedMs = performance.now()
  const reference = image.includes('@') || /:[^/]+$/.test(image) ? image : `${image}:latest`
  const answer = await callDocker(daemon, {
    method: 'POST',
    path: `/images/create?fromImage=${encodeURIComponent(reference)}`,
    silenceMsMax: PULL_SILENCE_MS_MAX,
    onText: () => {
      if (performance.now() - reportedMs < PROGRESS_EVERY_MS) return
      reportedMs = performance.now()
      options.report(`Pulling ${image} ...`)
    },
  }).catch((error: unknown) => {
    throw failed(error instanceof Error ? error.message : String(error), error)
  })
  // The daemon answers 200 before it tries; a failure is then a line of the progress report.
  const error = wordsOf(answer.body, 'error')
  if (error !== undefined) throw failed(error)
  if (answer.status !== 200) throw failed(wordsOf(answer.body, 'message') ?? answer.body.trim())
}

/** The text of a JSON field, wherever it is in the answer's lines. */
function wordsOf(body: string, field: string): string | undefined {
  const quoted = new RegExp(`"${field}":\\s*("(?:[^"\\\\]|\\\\.)*")`).exec(body)?.[1]
  return quoted === undefined ? undefined : String(JSON.parse(quoted))
}
