import { mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { PlatformConfig } from '@sluice/contracts'
import { kafkaLog } from '@sluice/kafka'
import type { LocalStack } from '@sluice/local-stack'
import { confluentSchemaRegistry } from '@sluice/registry'
import { systemClock } from '@sluice/runtime'
import { noteLogger } from '../note-logger.ts'
import type { Platform, RunningService } from './platform.ts'
import { ServiceProcess } from './service-process.ts'

const SERVICES = fileURLToPath(new URL('../../../../services/', import.meta.url))

export interface ProcessPlatformOptions {
  readonly stack: LocalStack
  readonly config: PlatformConfig
  readonly configFile: string
  readonly logDir: string
  readonly note: (line: string) => void
}

/** The services as processes on a real broker: a router, and a scorer per version. */
export function processPlatform(options: ProcessPlatformOptions): Platform {
  const { stack, config } = options
  const env = {
    SLUICE_KAFKA__BROKERS: stack.kafka.brokers.join(','),
    SLUICE_REGISTRY__URL: stack.registry.url,
    SLUICE_REDIS__URL: stack.redis.url,
    // The system chooses free ports; each service says which.
    SLUICE_HTTP__ROUTER_PORT: '0',
    SLUICE_HTTP__SCORER_PORT: '0',
    SLUICE_HTTP__METRICS_PORT: '0',
  }
  mkdirSync(options.logDir, { recursive: true })
  const processes = serviceProcesses(options, env)
  return {
    env,
    get routerUrl() {
      return processes[0]!.address?.http ?? ''
    },
    openLog: async (client) =>
      kafkaLog({
        brokers: stack.kafka.brokers,
        clientId: `${config.kafka.clientId}-${client}`,
        clock: systemClock,
        logger: noteLogger(options.note),
      }),
    openRegistry: () => confluentSchemaRegistry({ url: stack.registry.url, clock: systemClock }),
    startServices: async () => {
      const running = await Promise.all(
        processes.map(async (service): Promise<RunningService> => {
          const { http, ops } = await service.start()
          return { name: service.name, http, ops, pid: service.pid! }
        }),
      )
      return running
    },
    stop: async () => {
      // Scorers last: what the router has sent on can still be scored.
      for (const service of processes) await service.stop()
    },
  }
}

function serviceProcesses(
  { config, configFile, logDir, note }: ProcessPlatformOptions,
  env: Readonly<Record<string, string>>,
): readonly ServiceProcess[] {
  const file = resolve(configFile)
  const start = (name: string, service: string, args: readonly string[]): ServiceProcess =>
    new ServiceProcess({
      name,
      entry: join(SERVICES, service, 'src/main.ts'),
      args: ['--config', file, ...args],
      env,
      logFile: join(logDir, `${name}.log`),
      onCrash: (crashed, reason, restartInMs) =>
        note(
          `${crashed} ended (${reason})${Number.isFinite(restartInMs) ? `; starting it again in ${restartInMs} ms` : ''}. Its log: ${join(logDir, `${crashed}.log`)}`,
        ),
    })
  const scorers = Object.entries(config.endpoints).flatMap(([endpoint, { variants, shadows }]) =>
    [...variants, ...shadows].map(({ version }) =>
      start(`scorer-${endpoint}-v${version}`, 'scorer', ['--endpoint', endpoint, '--version', String(version)]),
    ),
  )
  return [start('router', 'router', []), ...scorers]
}
