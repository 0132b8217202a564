import type { AddressInfo } from 'node:net'
import { fastify } from 'fastify'
import type { Readiness } from './readiness.ts'
import type { Stoppable } from './scope.ts'

export interface OpsServer extends Stoppable {
  /** Base URL with the port that was really bound. */
  readonly url: string
}

/** `/metrics`, `/health/live` and `/health/ready` on a port of their own, away from the traffic. */
export async function startOpsServer(options: {
  readonly host: string
  readonly port: number
  readonly readiness: Readiness
  readonly metrics: () => Promise<{ readonly contentType: string; readonly body: string }>
}): Promise<OpsServer> {
  const app = fastify({ logger: false })
  app.get('/health/live', () => ({ live: true }))
  app.get('/health/ready', (_request, reply) => {
    const problems = options.readiness.problems()
    return reply.code(problems.length === 0 ? 200 : 503).send({ ready: problems.length === 0, problems })
  })
  app.get('/metrics', async (_request, reply) => {
    const { contentType, body } = await options.metrics()
    return reply.header('content-type', contentType).send(body)
  })
  await app.listen({ host: options.host, port: options.port })
  return { url: listenUrl(app.addresses()[0]), stop: () => app.close() }
}

/** `http://host:port` of a bound address. */
export function listenUrl(address: AddressInfo | string | undefined): string {
  if (address === undefined || typeof address === 'string') throw new Error('the server is not listening')
  return `http://${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`
}
