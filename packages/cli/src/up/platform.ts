import type { Log, SchemaRegistry } from '@sluice/stream'

/** A platform that runs on this machine, in processes of its own or in ours. */
export interface Platform {
  /** Settings as environment variables, for the commands that are run against it. */
  readonly env: Readonly<Record<string, string>>
  /** Base address of the router's REST interface. */
  readonly routerUrl: string
  readonly openLog: (client: string) => Promise<Log>
  readonly openRegistry: () => SchemaRegistry
  /** Starts the services; topics and schemas must be there. Resolves when they listen. */
  startServices(): Promise<readonly RunningService[]>
  stop(): Promise<void>
}

export interface RunningService {
  readonly name: string
  readonly http: string
  readonly ops: string
  readonly pid: number
}
