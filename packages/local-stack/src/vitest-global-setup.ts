import type { TestProject } from 'vitest/node'
import type { ProviderName } from './component.ts'
import { type EmbeddedStack, type LocalStack, startLocalStack } from './start-local-stack.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** `host:port` of the brokers; empty when `stackKind` is `embedded`. */
    kafkaBrokers: readonly string[]
    /** Base URL of the schema registry; empty when `stackKind` is `embedded`. */
    registryUrl: string
    /** `redis://…`; empty when `stackKind` is `embedded`. */
    redisUrl: string
    stackKind: ProviderName | 'mixed' | 'embedded'
    /** Why this kind; what a test that needs the real thing says when it is skipped. */
    stackReason: string
  }
}

interface SharedStack {
  readonly stack: Promise<LocalStack | EmbeddedStack>
  users: number
}

/** Each project loads this file anew, so what they share hangs on the one object they have in common. */
const SHARED = Symbol.for('sluice.local-stack.vitest')
const shared = globalThis as typeof globalThis & { [SHARED]?: SharedStack }

/** Starts one stack for all projects of a run and gives its addresses to their tests (`inject('kafkaBrokers')`). */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  shared[SHARED] ??= { stack: startLocalStack({ report: (line) => process.stderr.write(`${line}\n`) }), users: 0 }
  const current = shared[SHARED]
  current.users += 1
  const stack = await current.stack
  const real = stack.kind === 'running' ? stack : undefined
  project.provide('kafkaBrokers', real?.kafka.brokers ?? [])
  project.provide('registryUrl', real?.registry.url ?? '')
  project.provide('redisUrl', real?.redis.url ?? '')
  project.provide('stackKind', real?.provider ?? 'embedded')
  project.provide('stackReason', stack.reason)
  return async () => {
    current.users -= 1
    if (current.users > 0) return
    delete shared[SHARED]
    await real?.stop()
  }
}
