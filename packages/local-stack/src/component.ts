/** The three parts of the stack. */
export type ComponentName = 'kafka' | 'registry' | 'redis'
export const COMPONENT_NAMES: readonly ComponentName[] = ['kafka', 'registry', 'redis']

/** Who brought a component up. */
export type ProviderName = 'env' | 'docker' | 'processes'
export const PROVIDER_NAMES: readonly ProviderName[] = ['env', 'docker', 'processes']

/**
 * One running component. The fault operations act on the real thing: `kill('SIGKILL')` is a crash, and what was not
 * flushed by the component itself is lost as it would be in production.
 */
export interface ComponentHandle {
  readonly name: ComponentName
  readonly provider: ProviderName
  /** What runs, as people know it: `Apache Kafka`. */
  readonly product: string
  readonly version: string
  /** `host:port` of the broker, or the URL of the registry or Redis. The same for the life of the handle. */
  readonly address: string
  /** Process id on this machine; `undefined` while it is down, and always for what this machine's processes do not hold. */
  readonly pid: number | undefined
  /** Milliseconds from start to answering, of the latest start. 0 for a component that was already there. */
  readonly startMs: number
  /** Resident memory in bytes, `undefined` where the system does not tell. */
  rssBytes(): Promise<number | undefined>
  /** Ends it the given way and resolves when it is gone. */
  kill(signal: 'SIGKILL' | 'SIGTERM'): Promise<void>
  /** Freezes it: connections stay open and nothing answers. */
  pause(): Promise<void>
  resume(): Promise<void>
  /** Starts it again on the same address and data, after ending it if it runs; resolves when it answers. */
  restart(): Promise<void>
  /** Ends it for good and removes what it kept. */
  stop(): Promise<void>
}
