import type { ComponentHandle, ComponentName } from './component.ts'

/** What every provider is asked with. */
export interface ProviderContext {
  readonly env: NodeJS.ProcessEnv
  /** Folder that outlives the run; default is a temporary one. */
  readonly dataDir?: string | undefined
  /** Default: `cacheFolderPath`. */
  readonly cacheDir?: string | undefined
  readonly report: (line: string) => void
  readonly signal?: AbortSignal | undefined
}

/** What a provider brought up. */
export interface Provided {
  readonly handles: readonly ComponentHandle[]
  /** One phrase for people: what was used and where it came from. */
  readonly why: string
  /** Frees what the handles shared, after they were stopped. */
  readonly close: () => Promise<void>
}

/**
 * Brings up the components asked for, all or (the environment) those it has. Throws when it cannot, in seconds and with a
 * reason worth printing; nothing of it runs then.
 */
export type Provider = (needs: readonly ComponentName[], context: ProviderContext) => Promise<Provided>
