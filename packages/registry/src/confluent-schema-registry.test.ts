import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { DependencyError } from '@sluice/contracts'
import { afterEach, describe, expect, test } from 'vitest'
import { confluentSchemaRegistry } from './confluent-schema-registry.ts'

/** Faults that a healthy registry never shows; everything else is tested on a real one (test/integration). */
const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

async function serve(handle: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  const server = createServer(handle)
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/apis/ccompat/v7`
}

const clock = { nowMs: () => 0, monotonicMs: () => 0, sleep: async () => {} }
const open = (url: string, timeoutMs = 200) => confluentSchemaRegistry({ url, clock, timeoutMs })
const json = (response: ServerResponse, status: number, body: unknown): void => {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

type Handler = (request: IncomingMessage, response: ServerResponse) => void
const faults: Record<string, Handler> = {
  'never answers': () => {},
  'breaks off in the middle of the answer': (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' })
    response.write('{"sch', () => response.destroy())
  },
  'stops in the middle of the answer': (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' }).write('{"sch')
  },
  'closes the connection': (request) => request.socket.destroy(),
  'answers 500': (_request, response) => json(response, 500, { error_code: 50001, message: 'store' }),
  'answers 502 without a body': (_request, response) => response.writeHead(502).end(),
  'answers 200 without a body': (_request, response) => response.writeHead(200).end(),
  'asks for credentials': (_request, response) => json(response, 401, { error_code: 401, message: 'who?' }),
  'is something else, with a page for everything': (_request, response) => response.writeHead(200).end('<html>'),
  'is something else, with 404 for everything': (_request, response) => response.writeHead(404).end('<html>'),
}

describe.each(Object.entries(faults))('a registry that %s', (_name, handle) => {
  test.each<[string, (r: ReturnType<typeof open>) => Promise<unknown>]>([
    ['schemaById', (r) => r.schemaById(1)],
    ['latest', (r) => r.latest('t-value')],
    ['check', (r) => r.check('t-value', { type: 'record', name: 'R', fields: [] })],
    ['register', (r) => r.register('t-value', { type: 'record', name: 'R', fields: [] })],
  ])('makes %s throw a DependencyError with the next step', async (_call, call) => {
    const error = await call(open(await serve(handle))).catch((e: unknown) => e)
    expect(error).toBeInstanceOf(DependencyError)
    expect((error as DependencyError).next).not.toBe('')
  })
})

test('a registry that is not there is a DependencyError that names its address', async () => {
  const url = await serve(() => {})
  for (const server of servers.splice(0)) server.close()
  await expect(open(url).schemaById(1)).rejects.toThrow(`schema registry: ${url} did not answer`)
})

test('an unknown id is asked for once, with one look at whether this is a registry at all', async () => {
  const asked: string[] = []
  const url = await serve((request, response) => {
    asked.push(request.url!)
    if (request.url!.endsWith('/schemas/types')) json(response, 200, ['AVRO'])
    else json(response, 404, { error_code: 40403, message: 'Schema not found' })
  })
  const registry = open(url)
  expect(await Promise.all([registry.schemaById(5), registry.schemaById(5)])).toEqual([undefined, undefined])
  expect(await registry.schemaById(5)).toBeUndefined()
  expect(asked).toEqual(['/apis/ccompat/v7/schemas/ids/5', '/apis/ccompat/v7/schemas/types'])
})

test.each([0, -1, 2 ** 31])('the id %i is unknown without a call', async (id) => {
  const url = await serve((_request, response) => response.writeHead(500).end())
  expect(await open(url).schemaById(id)).toBeUndefined()
})

test('credentials in the URL go into a header and into no message', async () => {
  const seen: (string | undefined)[] = []
  const url = await serve((request, response) => {
    seen.push(request.headers.authorization)
    json(response, 401, { error_code: 401, message: 'no' })
  })
  const registry = open(url.replace('http://', 'http://me:s%40cret@'))
  const errors = [
    await registry.schemaById(1).catch((e: unknown) => e),
    await registry.latest('t-value').catch((e: unknown) => e),
  ]
  // Base64 of `me:s@cret`, by coreutils' base64.
  expect(new Set(seen)).toEqual(new Set(['Basic bWU6c0BjcmV0']))
  for (const error of errors) expect(String(error)).not.toContain('cret')
})

test("a rule that somebody chose for a subject is kept, a registry's own no is passed on", async () => {
  const calls: string[] = []
  const url = await serve((request, response) => {
    calls.push(`${request.method} ${request.url!.replace('/apis/ccompat/v7', '')}`)
    if (request.url!.includes('/config/')) json(response, 200, { compatibilityLevel: 'FULL' })
    else if (request.method === 'POST') json(response, 409, { error_code: 409, message: 'not forward compatible' })
    else json(response, 404, { error_code: 40401, message: 'Subject not found' })
  })
  await expect(open(url).register('t-value', { type: 'record', name: 'R', fields: [] })).rejects.toMatchObject({
    subject: 't-value',
    reasons: [{ rule: 'REFUSED_BY_REGISTRY', message: expect.stringContaining('not forward compatible') }],
  })
  expect(calls.filter((c) => c.startsWith('PUT'))).toEqual([])
})

test('a conflict about a schema that another process registered at the same moment is no conflict', async () => {
  const url = await serve((request, response) => {
    const call = `${request.method} ${request.url!.replace('/apis/ccompat/v7', '')}`
    if (call === 'PUT /config/t-value') json(response, 409, { error_code: 409, message: 'rule exists' })
    else if (call === 'GET /config/t-value' && configured++ > 0)
      json(response, 200, { compatibilityLevel: 'BACKWARD_TRANSITIVE' })
    else if (call === 'POST /subjects/t-value/versions') json(response, 409, { error_code: 409, message: 'exists' })
    else if (call === 'POST /subjects/t-value') json(response, 200, { subject: 't-value', id: 42, version: 1 })
    else json(response, 404, { error_code: 40401, message: 'Subject not found' })
  })
  let configured = 0
  expect(await open(url).register('t-value', { type: 'record', name: 'R', fields: [] })).toBe(42)
})
