import type { ArtifactSource } from './artifact-source.ts'
import type { CacheFolder } from './cache-folder.ts'
import type { Supervisor } from './supervisor-client.ts'

/** What every process of the stack is started with. */
export interface LaunchContext {
  readonly env: NodeJS.ProcessEnv
  readonly cache: CacheFolder
  readonly source: ArtifactSource
  readonly supervisor: Supervisor
  /** Data, configuration, logs and temporary files of this run. */
  readonly runFolder: string
  readonly report: (line: string) => void
  readonly signal?: AbortSignal | undefined
}

/** Variables that reach the processes. All others stay out: Quarkus and the JVM take settings from the environment. */
const PASSED_ON = ['PATH', 'HOME', 'LANG', 'LC_ALL', 'TZ']

export function processEnvironment(env: NodeJS.ProcessEnv): Record<string, string> {
  const passed: Record<string, string> = {}
  for (const name of PASSED_ON) {
    const value = env[name]
    if (value !== undefined) passed[name] = value
  }
  return passed
}
