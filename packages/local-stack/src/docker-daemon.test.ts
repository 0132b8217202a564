import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type RequestListener } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { findDaemon, parseDockerHost } from './docker-daemon.ts'
import { ensureImage, imageOf, imageTag } from './docker-image.ts'
import { provideContainers } from './docker-provider.ts'

// One of these waits out the time a hanging daemon is given.
vi.setConfig({ testTimeout: 60_000 })

test.each([
  ['unix:///var/run/docker.sock', { socketPath: '/var/run/docker.sock' }],
  ['tcp://10.0.0.5:2376', { host: '10.0.0.5', port: 2376 }],
  ['tcp://docker', { host: 'docker', port: 2375 }],
])('DOCKER_HOST=%s', (text, daemon) => {
  expect(parseDockerHost(text)).toEqual(daemon)
})

test('a DOCKER_HOST that cannot be spoken to here says what can', () => {
  expect(() => parseDockerHost('ssh://me@box')).toThrow(/DOCKER_HOST=ssh:\/\/me@box is not understood/)
})

test('a daemon that answers is found', async () => {
  const socketPath = await daemon((request, response) => response.writeHead(request.url === '/_ping' ? 200 : 404).end())
  expect(await findDaemon({ DOCKER_HOST: `unix://${socketPath}` })).toEqual({ socketPath })
})

test('a socket without a daemon, and a daemon that hangs, are passed over with the reason', async () => {
  const absent = join(tmpdir(), 'sluice-no-such-docker.sock')
  await expect(findDaemon({ DOCKER_HOST: `unix://${absent}` })).rejects.toThrow(/no daemon answers .*ENOENT/)
  const hanging = await daemon(() => {})
  await expect(findDaemon({ DOCKER_HOST: `unix://${hanging}` })).rejects.toThrow(/the daemon was silent for 3 s/)
})

test('an image that is neither there nor to be had ends the provider with the daemon’s own words', async () => {
  const socketPath = await daemon((request, response) => {
    if (request.url === '/_ping') response.end('OK')
    else if (request.method === 'POST') {
      response.end('{"status":"Pulling"}\r\n{"errorDetail":{},"error":"dial tcp: lookup registry: no such host"}\r\n')
    } else response.writeHead(404).end()
  })
  const provided = provideContainers(['redis'], {
    env: { DOCKER_HOST: `unix://${socketPath}`, SLUICE_REDIS_IMAGE: 'example/redis:8' },
    report: () => {},
  })
  await expect(provided).rejects.toMatchObject({
    message: 'Docker: image example/redis:8 could not be pulled: dial tcp: lookup registry: no such host',
    next: expect.stringContaining('docker pull example/redis:8'),
  })
})

test('an image the daemon has is not pulled', async () => {
  const methods: (string | undefined)[] = []
  const socketPath = await daemon((request, response) => {
    methods.push(request.method)
    response.end('{}')
  })
  await ensureImage({ socketPath }, 'redis:8-alpine', { report: () => {} })
  expect(methods).toEqual(['GET'])
})

test('images have defaults and can be named, and the tag is told from a port', () => {
  expect(imageOf('kafka', {})).toBe('apache/kafka:4.3.1')
  expect(imageOf('kafka', { SLUICE_KAFKA_IMAGE: 'mirror:5000/kafka:4' })).toBe('mirror:5000/kafka:4')
  expect(imageTag('mirror:5000/kafka:4')).toBe('4')
  expect(imageTag('mirror:5000/kafka')).toBe('latest')
  expect(imageTag('redis:8-alpine@sha256:0123')).toBe('8-alpine')
})

test('a data folder is refused: containers could not keep it', async () => {
  await expect(provideContainers(['kafka'], { env: {}, report: () => {}, dataDir: '/x' })).rejects.toThrow(
    'containers keep no data folder',
  )
})

/** A daemon on a socket of its own that answers as the test says. */
async function daemon(listener: RequestListener): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-docker-'))
  const server = createServer(listener)
  const socketPath = join(folder, 'docker.sock')
  await new Promise<void>((resolve) => server.listen(socketPath, resolve))
  onTestFinished(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
    await rm(folder, { recursive: true, force: true })
  })
  return socketPath
}
