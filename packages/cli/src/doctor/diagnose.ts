import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { DependencyError, type EndpointTopics, endpointTopics } from '@sluice/contracts'
import { type CompiledPlan, refusePlan } from '@sluice/routing'
import { errorChain, type LoadedConfig } from '@sluice/runtime'
import { formatIncompatibility, type Log } from '@sluice/stream'
import type { CliIo } from '../cli-io.ts'
import { checkModel } from '../commands/model.ts'
import { checkSchemas } from '../commands/schemas.ts'
import { readTopologyPlan } from '../commands/topics.ts'
import { readControl } from '../log/read-control.ts'
import { type Check, fail, ok, warn } from './check.ts'
import { checkKeyPartitions } from './key-partitions.ts'

/** Slower answers of Redis than this make every batch of feedback wait noticeably, in milliseconds. */
const REDIS_SLOW_MS = 50

/** Every check in the order in which a person would make them; one that fails does not keep the others from being made. */
export async function diagnose(io: CliIo, loaded: LoadedConfig): Promise<readonly Check[]> {
  const checks: Check[] = [ok('configuration', `${Object.keys(loaded.config.endpoints).length} endpoint(s)`)]
  const broker = loaded.config.kafka.brokers.join(', ')
  let log: Log | undefined
  try {
    log = await io.openLog(loaded.config)
    checks.push(...(await checkLog(io, loaded, log, broker)))
  } catch (error) {
    checks.push(away('broker', error))
  } finally {
    await log?.close()
  }
  checks.push(...(await checkRegistry(io, loaded)))
  checks.push(...(await checkModels(loaded)))
  checks.push(await checkRedis(io, loaded))
  return checks
}

async function checkLog(io: CliIo, loaded: LoadedConfig, log: Log, broker: string): Promise<readonly Check[]> {
  const plan = await readTopologyPlan(loaded.config, log)
  const checks: Check[] = [ok('broker', broker)]
  for (const { path, problem, fix } of plan.refusals) checks.push(fail('topics', `${path} ${problem}`, fix))
  if (plan.create.length > 0) {
    const names = plan.create.map((topic) => topic.name).join(', ')
    checks.push(fail('topics', `missing: ${names}`, 'Run `sluice topics apply`.'))
  }
  const differing = [...plan.grow.map((g) => g.topic), ...plan.configure.map((c) => `${c.topic} (${c.entry})`)]
  if (differing.length > 0) {
    checks.push(warn('topics', `not as configured: ${differing.join(', ')}`, 'Look at `sluice topics plan`.'))
  }
  if (checks.length === 1) checks.push(ok('topics', 'all as configured'))
  const missing = new Set(plan.create.map((topic) => topic.name))
  for (const name of Object.keys(loaded.config.endpoints)) {
    const topics = endpointTopics(name, loaded.config.topics.prefix)
    if (!missing.has(topics.control)) checks.push(await checkPlan(io, log, name, topics))
    if (!missing.has(topics.events)) {
      checks.push(await guarded(`keys of ${topics.events}`, () => checkKeyPartitions(log, topics.events, io.signal)))
    }
    if (!missing.has(topics.deadLetters)) checks.push(await checkDeadLetters(log, topics))
  }
  return checks
}

function checkPlan(io: CliIo, log: Log, name: string, topics: EndpointTopics): Promise<Check> {
  const check = `plan of ${name}`
  return guarded(check, async () => {
    const state = await readControl(log, topics.control, io.signal)
    if (state.current === undefined)
      return fail(check, 'there is none, so no event is scored', 'Run `sluice plan apply`.')
    const plan: CompiledPlan = state.current
    const [problem] = refusePlan(plan.plan, state.readiness)
    if (problem !== undefined) return fail(check, `generation ${plan.generation}: ${problem.problem}`, problem.fix)
    return ok(check, `generation ${plan.generation}, a ready scorer for every version with weight`)
  })
}

function checkDeadLetters(log: Log, topics: EndpointTopics): Promise<Check> {
  return guarded(topics.deadLetters, async () => {
    const offsets = await log.admin.offsets(topics.deadLetters)
    const count = offsets.reduce((total, o) => total + (o.latest - o.earliest), 0n)
    if (count === 0n) return ok(topics.deadLetters, 'no dead letters')
    return warn(
      topics.deadLetters,
      `about ${count} dead letters`,
      'Look at `sluice replay`, which counts them by cause.',
    )
  })
}

async function checkRegistry(io: CliIo, loaded: LoadedConfig): Promise<readonly Check[]> {
  try {
    const schemas = await checkSchemas(loaded, await io.openRegistry(loaded.config))
    const broken = schemas.filter((s) => s.state === 'incompatible')
    const absent = schemas.filter((s) => s.state === 'new subject' || s.state === 'new version')
    const checks: Check[] = broken.map((s) =>
      fail(
        'schemas',
        `${s.subject}: ${s.reasons.map(formatIncompatibility).join('; ')}`,
        'Look at `sluice schemas check`.',
      ),
    )
    if (absent.length > 0) {
      const names = absent.map((s) => s.subject).join(', ')
      checks.push(fail('schemas', `not registered: ${names}`, 'Run `sluice schemas apply`.'))
    }
    return checks.length > 0 ? checks : [ok('schemas', `${schemas.length} subjects registered`)]
  } catch (error) {
    return [away('schema registry', error)]
  }
}

/** Every version that the configuration names is loaded as its scorer would load it, golden rows included. */
async function checkModels({ config, baseDir }: LoadedConfig): Promise<readonly Check[]> {
  const versions = Object.values(config.endpoints).flatMap((e) => [...e.variants, ...e.shadows])
  const names = new Set(versions.map(({ model, version }) => `${model}-${version}`))
  const checks: Check[] = []
  for (const name of names) {
    const folder = resolve(baseDir, config.models.dir, name)
    checks.push(await guarded(`model ${name}`, () => checkModelFolder(`model ${name}`, folder)))
  }
  return checks
}

async function checkModelFolder(check: string, folder: string): Promise<Check> {
  if (!existsSync(folder)) {
    return fail(check, `${folder} does not exist`, 'Put the package there, or correct models.dir.')
  }
  const { scores, reasons, facts } = await checkModel(folder)
  if (!scores) return fail(check, reasons.join('; '), `Look at \`sluice model check ${folder}\`.`)
  return ok(check, `${String(facts['engine'])} engine, golden rows right`)
}

function checkRedis(io: CliIo, loaded: LoadedConfig): Promise<Check> {
  return guarded('redis', async () => {
    const redis = await io.openRedis(loaded.config)
    try {
      const ms = await redis.ping()
      const info = await redis.info()
      const detail = `version ${info.version}, ${ms.toFixed(1)} ms`
      if (info.evictionPolicy !== 'noeviction' && info.limitBytes > 0) {
        return fail(
          'redis',
          `${detail}; maxmemory-policy is ${info.evictionPolicy}, so open predictions may vanish unseen`,
          'Set maxmemory-policy to noeviction.',
        )
      }
      if (ms > REDIS_SLOW_MS) return warn('redis', detail, 'Run Redis nearer to the services.')
      return ok('redis', detail)
    } finally {
      await redis.close()
    }
  })
}

/** A dependency that does not answer is a finding; everything else is our bug and goes through. */
async function guarded(name: string, check: () => Promise<Check>): Promise<Check> {
  try {
    return await check()
  } catch (error) {
    return away(name, error)
  }
}

function away(name: string, error: unknown): Check {
  if (error instanceof DependencyError) return fail(name, errorChain(error), error.next)
  throw error
}
