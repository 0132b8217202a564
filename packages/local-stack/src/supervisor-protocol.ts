/** How a Docker daemon is reached: a socket, or a host and port. */
export type DaemonAddress = { readonly socketPath: string } | { readonly host: string; readonly port: number }

/** A container that must not outlive the process that started it. */
export interface ContainerRef {
  readonly id: string
  readonly daemon: DaemonAddress
}

/** What the supervisor is told. */
export type SupervisorOrder =
  | {
      readonly kind: 'start'
      readonly id: number
      readonly command: string
      readonly args: readonly string[]
      readonly cwd: string
      readonly env: Readonly<Record<string, string>>
      /** Both outputs of the process are appended to it. */
      readonly logFile: string
    }
  | { readonly kind: 'own-folder'; readonly folder: string }
  | { readonly kind: 'own-container'; readonly container: ContainerRef }

/** What the supervisor says. */
export type SupervisorAnswer =
  | { readonly kind: 'ready' }
  | { readonly kind: 'started'; readonly id: number; readonly pid: number }
  | { readonly kind: 'failed'; readonly id: number; readonly message: string }
  | {
      readonly kind: 'exited'
      readonly id: number
      readonly code: number | null
      readonly signal: NodeJS.Signals | null
    }
