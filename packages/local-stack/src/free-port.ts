import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'

/**
 * Below the range from which systems take the ports of outgoing connections (32768 and up on Linux, 49152 elsewhere). A
 * broker that is killed must come back on its port, and an unlucky client connection must not have taken it meanwhile.
 */
export const PORT_MIN = 20_000
export const PORT_MAX = 31_999
const TRIES_MAX = 200

/** A loopback port on which nobody listens now. The caller still has to cope with somebody taking it before he does. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < TRIES_MAX; attempt++) {
    const port = randomInt(PORT_MIN, PORT_MAX + 1)
    if (await canListen(port)) return port
  }
  throw new Error(`no free port between ${PORT_MIN} and ${PORT_MAX} after ${TRIES_MAX} tries`)
}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)))
  })
}
