import { DependencyError } from '@sluice/contracts'
import { expect, test } from 'vitest'
import type { ComponentHandle, ComponentName, ProviderName } from './component.ts'
import type { Provider, ProviderContext } from './provider.ts'
import { assemble, startLocalStack } from './start-local-stack.ts'

const ADDRESSES: Record<ComponentName, string> = { kafka: '127.0.0.1:1', registry: 'http://r', redis: 'redis://r' }
const ALL: readonly ComponentName[] = ['kafka', 'registry', 'redis']

/** Providers that bring up what they are told to, and a record of what was asked and ended. */
function world(abilities: Partial<Record<ProviderName, readonly ComponentName[]>>) {
  const events: string[] = []
  const lines: string[] = []
  const provider =
    (name: ProviderName): Provider =>
    async (needs) => {
      events.push(`${name} asked for ${needs.join(',')}`)
      const able = needs.filter((need) => abilities[name]?.includes(need))
      if (able.length === 0) throw new DependencyError(name, 'cannot', { next: 'Repair it.' })
      return {
        handles: able.map((component) => handle(component, name, events)),
        why: `the ${name}`,
        close: async () => void events.push(`${name} closed`),
      }
    }
  const providers = { env: provider('env'), docker: provider('docker'), processes: provider('processes') }
  const context: ProviderContext = { env: {}, report: (line) => lines.push(line) }
  return { events, lines, providers, context }
}

function handle(name: ComponentName, provider: ProviderName, events: string[]): ComponentHandle {
  const nothing = async () => {}
  return {
    ...{ name, provider, product: name, version: '1', address: ADDRESSES[name], pid: 7, startMs: 1 },
    ...{ rssBytes: async () => 5, kill: nothing, pause: nothing, resume: nothing, restart: nothing },
    stop: async () => void events.push(`${name} stopped`),
  }
}

test('the first provider that can is taken, and the later ones are not asked', async () => {
  const { events, lines, providers, context } = world({ docker: ALL, processes: ALL })
  const stack = await assemble(ALL, undefined, context, providers)
  expect(stack).toMatchObject({ kind: 'running', provider: 'docker', kafka: { brokers: ['127.0.0.1:1'] } })
  expect(events).toEqual(['env asked for kafka,registry,redis', 'docker asked for kafka,registry,redis'])
  expect(stack.reason).toBe('the docker (passed over: env: cannot)')
  expect(lines[0]).toBe('Local stack: env: cannot. Repair it.')
  expect(lines[1]).toBe('Local stack from the docker:')
})

test('what the environment gives is used and only the rest is asked of the next', async () => {
  const { events, providers, context } = world({ env: ['kafka'], processes: ALL })
  const stack = await assemble(ALL, undefined, context, providers)
  expect(stack).toMatchObject({ kind: 'running', provider: 'mixed', redis: { url: 'redis://r' } })
  expect(events).toEqual([
    'env asked for kafka,registry,redis',
    'docker asked for registry,redis',
    'processes asked for registry,redis',
  ])
  if (stack.kind !== 'running') throw new Error('expected a running stack')
  expect(stack.components.map(({ name, provider }) => `${name} ${provider}`)).toEqual([
    'kafka env',
    'registry processes',
    'redis processes',
  ])
  await stack.stop()
  await stack.stop()
  expect(events.slice(3)).toEqual([
    'registry stopped',
    'redis stopped',
    'processes closed',
    'kafka stopped',
    'env closed',
  ])
})

test('when nothing can, the answer is embedded with every reason, and what was brought up is ended', async () => {
  const { events, providers, context } = world({ env: ['redis'] })
  const stack = await assemble(ALL, undefined, context, providers)
  expect(stack.kind).toBe('embedded')
  expect(stack.reason).toMatch(/^kafka, registry could not be brought up: docker: cannot; processes: cannot$/)
  expect(events.slice(-2)).toEqual(['redis stopped', 'env closed'])
})

test('a forced provider is the only one asked, and its failure is an error', async () => {
  const { events, providers, context } = world({ docker: ALL })
  await expect(assemble(ALL, 'processes', context, providers)).rejects.toThrow('processes: cannot')
  expect(events).toEqual(['processes asked for kafka,registry,redis'])
})

test('a forced environment that gives only a part is an error that names the rest', async () => {
  const { providers, context } = world({ env: ['kafka'], processes: ALL })
  await expect(assemble(ALL, 'env', context, providers)).rejects.toThrow(
    /^SLUICE_STACK=env: registry, redis could not be brought up/,
  )
})

test('an abort ends the search and what runs already', async () => {
  const { events, providers, context } = world({ env: ['kafka'], processes: ALL })
  const stop = new AbortController()
  const docker: Provider = async () => {
    stop.abort(new Error('interrupted'))
    throw stop.signal.reason
  }
  const aborted = assemble(ALL, undefined, { ...context, signal: stop.signal }, { ...providers, docker })
  await expect(aborted).rejects.toThrow('interrupted')
  expect(events).toEqual(['env asked for kafka,registry,redis', 'kafka stopped', 'env closed'])
})

test('the stack carries only the addresses that were asked for', async () => {
  const { providers, context } = world({ processes: ALL })
  const stack = await assemble(['redis'], undefined, context, providers)
  expect(stack).toMatchObject({ redis: { url: 'redis://r' } })
  expect(stack).not.toHaveProperty('kafka')
})

test('SLUICE_STACK is embedded on request, and an unknown value is an error that lists the known ones', async () => {
  expect(await startLocalStack({ env: { SLUICE_STACK: 'embedded' } })).toEqual({
    kind: 'embedded',
    reason: 'SLUICE_STACK=embedded',
  })
  await expect(startLocalStack({ env: { SLUICE_STACK: 'podman' } })).rejects.toThrow(
    'SLUICE_STACK=podman is unknown; use one of env, docker, processes, embedded',
  )
})
