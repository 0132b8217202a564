import type { AddressInfo } from 'node:net'
import { createServer, type Server, type Socket } from 'node:net'
import { DependencyError } from '@sluice/contracts'
import { afterEach, describe, expect, test } from 'vitest'
import { connectRedis } from './connect-redis.ts'

/** Faults that a healthy Redis never shows; the rest is tested on a real one (test/integration). */
const open: { server: Server; sockets: Set<Socket> }[] = []
afterEach(() => {
  for (const { server, sockets } of open.splice(0)) {
    for (const socket of sockets) socket.destroy()
    server.close()
  }
})

async function serve(onSocket: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {}) // The client hangs up, which is what these tests are about.
    onSocket(socket)
  })
  open.push({ server, sockets })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `redis://127.0.0.1:${(server.address() as AddressInfo).port}`
}

describe.each<[string, (socket: Socket) => void]>([
  ['takes the connection and says nothing', () => {}],
  ['closes every connection', (socket) => socket.destroy()],
  ['speaks another protocol', (socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')],
])('a server that %s', (_what, onSocket) => {
  test('is a DependencyError with its address and the next step, in bounded time', async () => {
    const url = await serve(onSocket)
    const error = await connectRedis({ url, timeoutMs: 200 }).catch((e: unknown) => e)
    expect(error).toBeInstanceOf(DependencyError)
    expect((error as DependencyError).message).toContain(url)
    expect((error as DependencyError).next).toContain('Start Redis')
  })
})

test('credentials are in no message', async () => {
  const url = await serve((socket) => socket.destroy())
  const error = await connectRedis({ url: url.replace('//', '//me:secret@'), timeoutMs: 200 }).catch((e: unknown) => e)
  expect(error).toBeInstanceOf(DependencyError)
  expect(String(error)).not.toContain('secret')
})
