import { type IncomingMessage, request } from 'node:http'
import type { DaemonAddress } from './supervisor-protocol.ts'

export interface DockerAnswer {
  readonly status: number
  readonly body: string
}

export interface DockerCall {
  readonly method: 'GET' | 'POST' | 'DELETE'
  readonly path: string
  /** Longest silence of the daemon, in milliseconds. */
  readonly silenceMsMax: number
  /** Gets the body as it comes, for answers that report progress. */
  readonly onText?: (text: string) => void
}

/** One call of the Docker Engine API. Errors: no connection, or silence for too long; an HTTP error is an answer. */
export function callDocker(daemon: DaemonAddress, call: DockerCall): Promise<DockerAnswer> {
  return new Promise((resolve, reject) => {
    const { method, path } = call
    const outgoing = request({ ...daemon, method, path, headers: { host: 'docker' } }, (answer: IncomingMessage) => {
      let body = ''
      answer.setEncoding('utf8')
      answer.on('data', (text: string) => {
        body += text
        call.onText?.(text)
      })
      answer.once('end', () => resolve({ status: answer.statusCode ?? 0, body }))
      answer.once('error', reject)
    })
    outgoing.setTimeout(call.silenceMsMax, () => {
      outgoing.destroy(new Error(`the daemon was silent for ${call.silenceMsMax / 1000} s`))
    })
    outgoing.once('error', reject)
    outgoing.end()
  })
}
