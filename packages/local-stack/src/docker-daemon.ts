import { homedir } from 'node:os'
import { join } from 'node:path'
import { DependencyError } from '@sluice/contracts'
import { callDocker } from './docker-api.ts'
import type { DaemonAddress } from './supervisor-protocol.ts'
import { exists } from './unpack.ts'

/** A daemon that does not answer by then is passed over. */
const PING_MS_MAX = 3_000
const DOCKER_PORT = 2375

/**
 * Finds a Docker daemon that answers: the one of `DOCKER_HOST` and no other when that is set, else the usual sockets.
 *
 * Errors: `DependencyError` that says for each place why it is none.
 */
export async function findDaemon(env: NodeJS.ProcessEnv): Promise<DaemonAddress> {
  const host = env['DOCKER_HOST']
  const places = host ? [parseDockerHost(host)] : await presentSockets(env)
  const refusals: string[] = []
  for (const daemon of places) {
    const where = 'socketPath' in daemon ? daemon.socketPath : `${daemon.host}:${daemon.port}`
    try {
      const answer = await callDocker(daemon, { method: 'GET', path: '/_ping', silenceMsMax: PING_MS_MAX })
      if (answer.status === 200) return daemon
      refusals.push(`${where} answered ${answer.status}`)
    } catch (error) {
      refusals.push(`${where}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  const why = refusals.length === 0 ? 'DOCKER_HOST is not set and there is no Docker socket' : refusals.join('; ')
  throw new DependencyError('Docker', `no daemon answers (${why})`, { next: 'Start Docker, or go on without it.' })
}

/** `unix:///path` and `tcp://host:port`. */
export function parseDockerHost(text: string): DaemonAddress {
  if (text.startsWith('unix://')) return { socketPath: text.slice('unix://'.length) }
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url?.protocol === 'tcp:' || url?.protocol === 'http:') {
    return { host: url.hostname, port: url.port === '' ? DOCKER_PORT : Number(url.port) }
  }
  throw new DependencyError('Docker', `DOCKER_HOST=${text} is not understood`, {
    next: 'Use unix:///path or tcp://host:port; for a remote daemon over ssh or TLS give the addresses of a running stack.',
  })
}

async function presentSockets(env: NodeJS.ProcessEnv): Promise<DaemonAddress[]> {
  const runtime = env['XDG_RUNTIME_DIR']
  const sockets = [
    '/var/run/docker.sock',
    ...(runtime ? [join(runtime, 'docker.sock')] : []),
    join(homedir(), '.docker', 'run', 'docker.sock'),
    join(homedir(), '.docker', 'desktop', 'docker.sock'),
  ]
  const present = await Promise.all(sockets.map(exists))
  return sockets.filter((_, index) => present[index]).map((socketPath) => ({ socketPath }))
}
