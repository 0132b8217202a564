import { DependencyError } from '@sluice/contracts'
import {
  COMPONENT_NAMES,
  type ComponentHandle,
  type ComponentName,
  PROVIDER_NAMES,
  type ProviderName,
} from './component.ts'
import { provideContainers } from './docker-provider.ts'
import { parseBrokers, provideFromEnv } from './env-provider.ts'
import { provideProcesses } from './process-provider.ts'
import type { Provided, Provider, ProviderContext } from './provider.ts'

/** What `SLUICE_STACK` may be set to. */
export type StackChoice = ProviderName | 'embedded'
export const STACK_CHOICES: readonly StackChoice[] = [...PROVIDER_NAMES, 'embedded']

export interface StartLocalStackOptions<Need extends ComponentName = ComponentName> {
  /** Components wanted; default all three. */
  readonly needs?: readonly Need[]
  /** One provider and no other; default is `SLUICE_STACK`, and without it all in their order. */
  readonly provider?: StackChoice | undefined
  /** Where processes keep their data. It outlives the stack; the default, a temporary folder, does not. */
  readonly dataDir?: string
  /** Default: `SLUICE_CACHE_DIR`, `$XDG_CACHE_HOME/sluice`, `~/.cache/sluice`. */
  readonly cacheDir?: string
  /** Gets one line at a time: what is tried, downloaded and taken, and why. */
  readonly report?: (line: string) => void
  readonly signal?: AbortSignal
  /** Default: `process.env`. */
  readonly env?: NodeJS.ProcessEnv
}

export interface ComponentSummary {
  readonly name: ComponentName
  readonly product: string
  readonly version: string
  readonly address: string
  readonly provider: ProviderName
  readonly pid?: number
  /** Milliseconds from start to answering. */
  readonly startMs: number
  /** Resident memory right after the start, in bytes. */
  readonly rssBytes?: number
}

interface Addresses {
  readonly kafka: { readonly brokers: readonly string[] }
  readonly registry: { readonly url: string }
  readonly redis: { readonly url: string }
}

/** A stack that answers. It carries the addresses of what was asked for and of nothing else. */
export type LocalStack<Need extends ComponentName = ComponentName> = Pick<Addresses, Need> & {
  readonly kind: 'running'
  /** Who brought it up; `mixed` when the environment gave only a part of it. */
  readonly provider: ProviderName | 'mixed'
  /** Why this provider: what it used, and why those before it were passed over. */
  readonly reason: string
  readonly components: readonly ComponentSummary[]
  readonly handles: Readonly<Record<Need, ComponentHandle>>
  /** Process ids of the components on this machine. */
  readonly pids: readonly number[]
  /** Ends everything this call started, in parallel, and removes its data. May be called twice. */
  stop(): Promise<void>
}

/** Nothing real could be brought up, or nothing was wanted: the caller runs on the log inside its own process. */
export interface EmbeddedStack {
  readonly kind: 'embedded'
  readonly reason: string
}

const PROVIDERS: Readonly<Record<ProviderName, Provider>> = {
  env: provideFromEnv,
  docker: provideContainers,
  processes: provideProcesses,
}

/**
 * Brings up Kafka, a schema registry and Redis on loopback addresses: what the environment names, else containers, else
 * processes of this machine. A provider that cannot says why and the next one is tried.
 *
 * Errors: an aborted `signal`, and an unknown `SLUICE_STACK`. When one provider was forced, its own error. Otherwise never:
 * the answer is then `embedded` with all reasons.
 */
export async function startLocalStack<Need extends ComponentName = ComponentName>(
  options: StartLocalStackOptions<Need> = {},
): Promise<LocalStack<Need> | EmbeddedStack> {
  const env = options.env ?? process.env
  const needs = options.needs ?? (COMPONENT_NAMES as readonly Need[])
  const choice = options.provider ?? parseChoice(env['SLUICE_STACK'])
  if (choice === 'embedded') return { kind: 'embedded', reason: 'SLUICE_STACK=embedded' }
  const report = options.report ?? (() => {})
  const context: ProviderContext = {
    env,
    report,
    dataDir: options.dataDir,
    cacheDir: options.cacheDir,
    signal: options.signal,
  }
  return assemble(needs, choice, context, PROVIDERS)
}

/** The choosing itself, with the providers given, so that it can be tested with providers that fail on purpose. */
export async function assemble<Need extends ComponentName>(
  needs: readonly Need[],
  choice: ProviderName | undefined,
  context: ProviderContext,
  providers: Readonly<Record<ProviderName, Provider>>,
): Promise<LocalStack<Need> | EmbeddedStack> {
  const provided: Provided[] = []
  const taken: string[] = []
  const refusals: string[] = []
  let missing: readonly Need[] = needs
  for (const name of choice === undefined ? PROVIDER_NAMES : [choice]) {
    try {
      const result = await providers[name](missing, context)
      provided.push(result)
      taken.push(result.why)
      const have = new Set<ComponentName>(result.handles.map((handle) => handle.name))
      context.report(`Local stack from ${result.why}:`)
      for (const handle of result.handles) context.report(`  ${handleLine(handle)}`)
      missing = missing.filter((need) => !have.has(need))
    } catch (error) {
      if (context.signal?.aborted === true || choice !== undefined) {
        await stopAll(provided)
        throw error
      }
      refusals.push(error instanceof Error ? error.message : String(error))
      context.report(`Local stack: ${withNextStep(error)}`)
    }
    if (missing.length === 0) return running(needs, provided, reasonOf(taken, refusals))
  }
  await stopAll(provided)
  const reason = `${missing.join(', ')} could not be brought up: ${refusals.join('; ')}`
  if (choice !== undefined) throw new Error(`SLUICE_STACK=${choice}: ${reason}`)
  return { kind: 'embedded', reason }
}

async function running<Need extends ComponentName>(
  needs: readonly Need[],
  provided: readonly Provided[],
  reason: string,
): Promise<LocalStack<Need>> {
  const handles = provided.flatMap((part) => part.handles)
  const summaries = await Promise.all(handles.map(summaryOf))
  const providers = new Set(handles.map((handle) => handle.provider))
  const byName = new Map(handles.map((handle) => [handle.name, handle]))
  let stopped: Promise<void> | undefined
  const stack = {
    kind: 'running',
    provider: providers.size === 1 ? handles[0]!.provider : 'mixed',
    reason,
    components: summaries,
    handles: Object.fromEntries(needs.map((need) => [need, byName.get(need)])),
    get pids() {
      return handles.flatMap((handle) => (handle.pid === undefined ? [] : [handle.pid]))
    },
    stop: () => (stopped ??= stopAll(provided)),
    ...Object.fromEntries(needs.map((need) => [need, addressOf(byName.get(need)!)])),
  }
  // The keys of `needs` were just put in; a computed key is beyond what the compiler can follow.
  return stack as unknown as LocalStack<Need>
}

function addressOf(handle: ComponentHandle): Addresses[ComponentName] {
  return handle.name === 'kafka' ? { brokers: parseBrokers(handle.address) } : { url: handle.address }
}

function reasonOf(taken: readonly string[], refusals: readonly string[]): string {
  const passedOver = refusals.length === 0 ? '' : ` (passed over: ${refusals.join('; ')})`
  return `${taken.join(' and ')}${passedOver}`
}

function withNextStep(error: unknown): string {
  if (error instanceof DependencyError) return `${error.message}. ${error.next}`
  return error instanceof Error ? error.message : String(error)
}

function handleLine(handle: ComponentHandle): string {
  const start = handle.startMs > 0 ? ` (${(handle.startMs / 1000).toFixed(1)} s)` : ''
  return `${handle.product} ${handle.version} at ${handle.address}${start}`
}

async function summaryOf(handle: ComponentHandle): Promise<ComponentSummary> {
  const { name, product, version, address, provider, pid, startMs } = handle
  const rssBytes = await handle.rssBytes()
  return {
    ...{ name, product, version, address, provider, startMs },
    ...(pid === undefined ? {} : { pid }),
    ...(rssBytes === undefined ? {} : { rssBytes }),
  }
}

async function stopAll(provided: readonly Provided[]): Promise<void> {
  for (const part of provided.toReversed()) {
    const stopped = await Promise.allSettled(part.handles.map((handle) => handle.stop()))
    // Ends by force what did not end by itself, so that a failed stop leaves nothing behind either.
    await part.close()
    const failure = stopped.find((result) => result.status === 'rejected')
    if (failure !== undefined) throw failure.reason
  }
}

function parseChoice(text: string | undefined): StackChoice | undefined {
  if (text === undefined || text === '') return undefined
  const choice = STACK_CHOICES.find((known) => known === text)
  if (choice === undefined) throw new Error(`SLUICE_STACK=${text} is unknown; use one of ${STACK_CHOICES.join(', ')}`)
  return choice
}
