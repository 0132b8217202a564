import { confluentSchemaRegistry, PLATFORM_SCHEMAS, platformSchema } from '@sluice/registry'
import { systemClock } from '@sluice/runtime'
import { valueSubject } from '@sluice/stream'
import { schemaRegistryContract } from '@sluice/stream/contract'
import { describe, expect, inject, test } from 'vitest'

const url = inject('registryUrl')
const open = () => confluentSchemaRegistry({ url, clock: systemClock })
const run = `${process.pid}-${Date.now()}`
let count = 0
const subject = (): string => valueSubject(`it-${run}-${count++}`)
const record = (fields: readonly object[], rest: object = {}): object => ({
  type: 'record',
  name: 'Event',
  namespace: 'it',
  doc: run,
  fields,
  ...rest,
})

describe.skipIf(url === '')(`on a real schema registry (${inject('stackReason')})`, () => {
  schemaRegistryContract('the real registry', async () => open())

  async function get(path: string): Promise<{ status: number; body: unknown }> {
    const response = await fetch(`${url}${path}`)
    return { status: response.status, body: await response.json() }
  }

  test.each(PLATFORM_SCHEMAS)('the registry takes schemas/%s.avsc and gives it back whole', async (name) => {
    const registry = open()
    const s = subject()
    const id = await registry.register(s, platformSchema(name))
    expect(await open().schemaById(id)).toEqual(platformSchema(name))
  })

  test('the registry itself checks every later version, because the rule is set before the first one', async () => {
    const s = subject()
    await open().register(s, record([{ name: 'a', type: 'int' }]))
    expect((await get(`/config/${s}`)).body).toMatchObject({ compatibilityLevel: 'BACKWARD_TRANSITIVE' })
    // Past our own check, as another producer would come.
    const response = await fetch(`${url}/subjects/${s}/versions`, {
      method: 'POST',
      headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
      body: JSON.stringify({ schema: JSON.stringify(record([{ name: 'b', type: 'int' }])) }),
    })
    expect(response.status).toBe(409)
  })

  test('a rule that is already there is kept', async () => {
    const s = subject()
    await fetch(`${url}/config/${s}`, {
      method: 'PUT',
      headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
      body: JSON.stringify({ compatibility: 'FULL_TRANSITIVE' }),
    })
    await open().register(s, record([{ name: 'a', type: 'int' }]))
    expect((await get(`/config/${s}`)).body).toMatchObject({ compatibilityLevel: 'FULL_TRANSITIVE' })
    // Backward compatible, so our check passes; an old reader would miss `a`, so the registry's own rule does not.
    await expect(open().register(s, record([]))).rejects.toMatchObject({ reasons: [{ rule: 'REFUSED_BY_REGISTRY' }] })
  })

  test('two processes that register the same schema at the same time get the same id', async () => {
    const s = subject()
    const schema = record([{ name: 'a', type: 'int' }])
    const ids = await Promise.all(Array.from({ length: 4 }, () => open().register(s, schema)))
    expect(new Set(ids).size).toBe(1)
    expect((await open().latest(s))?.version).toBe(1)
  })

  test('a schema with references arrives self-contained', async () => {
    const [inner, outer] = [subject(), subject()]
    const post = async (s: string, body: object): Promise<number> => {
      const response = await fetch(`${url}/subjects/${s}/versions`, {
        method: 'POST',
        headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
        body: JSON.stringify(body),
      })
      return ((await response.json()) as { id: number }).id
    }
    const address = {
      type: 'record',
      name: 'Address',
      namespace: 'it',
      doc: run,
      fields: [{ name: 'city', type: 'string' }],
    }
    await post(inner, { schema: JSON.stringify(address) })
    const id = await post(outer, {
      schema: JSON.stringify(record([{ name: 'home', type: 'it.Address' }])),
      references: [{ name: 'it.Address', subject: inner, version: 1 }],
    })
    expect(await open().schemaById(id)).toMatchObject({
      name: 'it.Event',
      fields: [{ name: 'home', type: { name: 'it.Address', fields: [{ name: 'city', type: 'string' }] } }],
    })
  })

  test('a schema that is not Avro is not taken for one', async () => {
    const response = await fetch(`${url}/subjects/${subject()}/versions`, {
      method: 'POST',
      headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
      body: JSON.stringify({
        schemaType: 'PROTOBUF',
        schema: `syntax = "proto3"; package it${process.pid}; message A { string b = 1; }`,
      }),
    })
    const { id } = (await response.json()) as { id: number }
    expect(await open().schemaById(id)).toEqual({ type: 'PROTOBUF' })
  })

  test('a wrong base path is a broken dependency, never an unknown schema', async () => {
    const wrong = confluentSchemaRegistry({ url: url.replace('/apis/ccompat/v7', '/apis'), clock: systemClock })
    await expect(wrong.schemaById(1)).rejects.toThrow(/answered 404/)
  })
})
