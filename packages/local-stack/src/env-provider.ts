import { DependencyError } from '@sluice/contracts'
import type { ComponentHandle, ComponentName } from './component.ts'
import { probeKafka, probeRedis, probeRegistry } from './probe.ts'
import type { Provided, ProviderContext } from './provider.ts'

/** The variables that carry an address; the same ones configure the services. */
export const ADDRESS_VARIABLES: Readonly<Record<ComponentName, string>> = {
  kafka: 'SLUICE_KAFKA__BROKERS',
  registry: 'SLUICE_REGISTRY__URL',
  redis: 'SLUICE_REDIS__URL',
}
const PRODUCTS: Readonly<Record<ComponentName, string>> = {
  kafka: 'Kafka',
  registry: 'schema registry',
  redis: 'Redis',
}
const PROBE_MS_MAX = 5_000

/**
 * Takes the components whose addresses are in the environment, each only after it answered. One that does not answer is
 * reported and left to the next provider.
 *
 * Errors: `DependencyError` when no address is set, or none of them answers.
 */
export async function provideFromEnv(needs: readonly ComponentName[], context: ProviderContext): Promise<Provided> {
  const given = needs.filter((name) => context.env[ADDRESS_VARIABLES[name]])
  if (given.length === 0) {
    const names = needs.map((name) => ADDRESS_VARIABLES[name]).join(', ')
    throw new DependencyError('environment', `none of ${names} is set`, {
      next: 'Set them to use what runs already.',
    })
  }
  const refusals: string[] = []
  const handles: ComponentHandle[] = []
  for (const name of given) {
    const variable = ADDRESS_VARIABLES[name]
    const address = context.env[variable]!
    try {
      handles.push(new ExternalComponent(name, address, await probe(name, address)))
    } catch (error) {
      const reason = `${variable}=${address} does not answer: ${error instanceof Error ? error.message : String(error)}`
      refusals.push(reason)
      context.report(reason)
    }
  }
  if (handles.length === 0) {
    throw new DependencyError('environment', refusals.join('; '), {
      next: 'Correct the address, or unset the variable.',
    })
  }
  const taken = handles.map((handle) => ADDRESS_VARIABLES[handle.name]).join(', ')
  return { handles, why: `${taken} in the environment`, close: async () => {} }
}

/** `host:port` addresses, comma-separated or as the JSON array that the configuration takes. */
export function parseBrokers(text: string): string[] {
  const list: unknown = text.trimStart().startsWith('[') ? JSON.parse(text) : text.split(',')
  const brokers = Array.isArray(list) ? list.map((entry) => String(entry).trim()).filter((entry) => entry !== '') : []
  const wrong = brokers.find((broker) => !/^[^\s:]+:\d{1,5}$/.test(broker))
  if (brokers.length === 0 || wrong !== undefined) {
    throw new Error(`"${wrong ?? text}" is no broker address; write host:port, several separated by commas`)
  }
  return brokers
}

/** @returns the version, where the component tells it. */
async function probe(name: ComponentName, address: string): Promise<string> {
  const answer =
    name === 'kafka'
      ? probeKafka(parseBrokers(address))
      : name === 'redis'
        ? probeRedis(address)
        : probeRegistry(address)
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer in ${PROBE_MS_MAX / 1000} s`)), PROBE_MS_MAX)
  })
  try {
    return (await Promise.race([answer, late])) ?? 'unknown'
  } finally {
    clearTimeout(timer)
  }
}

/** Something that runs elsewhere and is not ours to stop or to break. */
class ExternalComponent implements ComponentHandle {
  readonly provider = 'env' as const
  readonly name: ComponentName
  readonly product: string
  readonly version: string
  readonly address: string
  readonly pid = undefined
  readonly startMs = 0

  constructor(name: ComponentName, address: string, version: string) {
    this.name = name
    this.product = PRODUCTS[name]
    this.address = address
    this.version = version
  }

  async rssBytes(): Promise<undefined> {
    return undefined
  }

  kill(): Promise<void> {
    return this.#refuse('killed')
  }

  pause(): Promise<void> {
    return this.#refuse('paused')
  }

  resume(): Promise<void> {
    return this.#refuse('resumed')
  }

  restart(): Promise<void> {
    return this.#refuse('restarted')
  }

  async stop(): Promise<void> {}

  async #refuse(what: string): Promise<never> {
    throw new Error(
      `${this.product} at ${this.address} was given by ${ADDRESS_VARIABLES[this.name]} and is not ${what} here`,
    )
  }
}
