/** What one check of `sluice doctor` found. */
export interface Check {
  readonly name: string
  readonly state: 'ok' | 'warn' | 'fail'
  readonly detail: string
  /** What to do; absent when there is nothing to do. */
  readonly fix?: string
}

export function ok(name: string, detail: string): Check {
  return { name, state: 'ok', detail }
}

export function warn(name: string, detail: string, fix: string): Check {
  return { name, state: 'warn', detail, fix }
}

export function fail(name: string, detail: string, fix: string): Check {
  return { name, state: 'fail', detail, fix }
}
