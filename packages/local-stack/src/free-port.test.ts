import { createServer } from 'node:net'
import { expect, test } from 'vitest'
import { freePort, PORT_MAX, PORT_MIN } from './free-port.ts'

test('a free port can be listened on and lies below the ports of outgoing connections', async () => {
  const port = await freePort()
  expect(port).toBeGreaterThanOrEqual(PORT_MIN)
  expect(port).toBeLessThanOrEqual(PORT_MAX)
  expect(PORT_MAX).toBeLessThan(32_768)
  const server = createServer()
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  await new Promise((resolve) => server.close(resolve))
})
