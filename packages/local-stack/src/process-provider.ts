import { mkdir, mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { mavenSource } from './artifact-source.ts'
import { cacheFolderPath, openCacheFolder } from './cache-folder.ts'
import type { ComponentHandle, ComponentName } from './component.ts'
import { findJava, JAVA_FOR_KAFKA_MIN, JAVA_FOR_REGISTRY_MIN, type Java } from './java.ts'
import { startKafkaProcess } from './kafka-process.ts'
import type { LaunchContext } from './launch-context.ts'
import type { Provided, ProviderContext } from './provider.ts'
import { startRedisProcess } from './redis-process.ts'
import { startRegistryProcess } from './registry-process.ts'
import type { SupervisedComponent } from './supervised-component.ts'
import { Supervisor } from './supervisor-client.ts'

/** Starts the components as processes of this machine, all at once. Errors: the first failure, after ending the others. */
export async function provideProcesses(needs: readonly ComponentName[], context: ProviderContext): Promise<Provided> {
  const stopOthers = new AbortController()
  const signals = context.signal === undefined ? [] : [context.signal]
  const launch = await openLaunch({ ...context, signal: AbortSignal.any([...signals, stopOthers.signal]) })
  try {
    const java = await javaFor(needs, launch)
    const starts = needs.map((name) =>
      startOne(name, launch, java).catch((error: unknown) => {
        stopOthers.abort(error)
        throw error
      }),
    )
    const settled = await Promise.allSettled(starts)
    if (stopOthers.signal.aborted) throw stopOthers.signal.reason
    const handles = settled.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
    const runtime = java === undefined ? '' : `, Java ${java.version} (${java.foundBy})`
    return { handles, why: `local processes${runtime}`, close: () => launch.supervisor.close() }
  } catch (error) {
    await launch.supervisor.close()
    throw error
  }
}

/** Options of a component that is started alone, in a test that breaks it for instance. */
export interface StartAloneOptions {
  /** Keeps the data here and leaves it there; default is a temporary folder that goes away at stop. */
  readonly dataDir?: string
  readonly cacheDir?: string
  readonly report?: (line: string) => void
  readonly signal?: AbortSignal
}

export interface StartKafkaOptions extends StartAloneOptions {
  /** Broker settings on top of ours, as in `server.properties`. */
  readonly properties?: Readonly<Record<string, string>>
}

/** One broker of its own, as a local process. */
export function startKafka(options: StartKafkaOptions = {}): Promise<ComponentHandle> {
  return startAlone(options, async (launch) =>
    startKafkaProcess({
      ...launch,
      java: await anyJava(['kafka'], launch),
      ...(options.properties === undefined ? {} : { properties: options.properties }),
    }),
  )
}

/** One schema registry of its own, as a local process. */
export function startRegistry(options: StartAloneOptions = {}): Promise<ComponentHandle> {
  return startAlone(options, async (launch) =>
    startRegistryProcess({ ...launch, java: await anyJava(['registry'], launch) }),
  )
}

/** One Redis of its own, as a local process. */
export function startRedis(options: StartAloneOptions = {}): Promise<ComponentHandle> {
  return startAlone(options, startRedisProcess)
}

async function startAlone(
  options: StartAloneOptions,
  start: (launch: LaunchContext) => Promise<SupervisedComponent>,
): Promise<ComponentHandle> {
  const launch = await openLaunch({ env: process.env, report: () => {}, ...options })
  try {
    const component = await start(launch)
    component.whenStopped(() => launch.supervisor.close())
    return component
  } catch (error) {
    await launch.supervisor.close()
    throw error
  }
}

async function openLaunch(context: ProviderContext): Promise<LaunchContext> {
  const cache = await openCacheFolder(context.cacheDir ?? cacheFolderPath(context.env))
  const supervisor = await Supervisor.open()
  let runFolder: string
  if (context.dataDir === undefined) {
    runFolder = await mkdtemp(join(tmpdir(), 'sluice-stack-'))
    supervisor.ownFolder(runFolder)
  } else {
    runFolder = resolve(context.dataDir)
    await mkdir(runFolder, { recursive: true })
  }
  const { env, report, signal } = context
  return { env, cache, source: mavenSource(env), supervisor, runFolder, report, signal }
}

function startOne(name: ComponentName, launch: LaunchContext, java: Java | undefined): Promise<SupervisedComponent> {
  if (name === 'redis') return startRedisProcess(launch)
  if (java === undefined) throw new Error(`${name} needs Java`)
  return name === 'kafka' ? startKafkaProcess({ ...launch, java }) : startRegistryProcess({ ...launch, java })
}

async function javaFor(needs: readonly ComponentName[], launch: LaunchContext): Promise<Java | undefined> {
  return needs.includes('kafka') || needs.includes('registry') ? anyJava(needs, launch) : undefined
}

function anyJava(needs: readonly ComponentName[], launch: LaunchContext): Promise<Java> {
  const majorMin = needs.includes('registry') ? JAVA_FOR_REGISTRY_MIN : JAVA_FOR_KAFKA_MIN
  return findJava({ ...launch, majorMin, majorPreferred: JAVA_FOR_REGISTRY_MIN })
}
