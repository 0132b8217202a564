/** Our own bug, never the input's fault: nobody catches it but `main`, which logs it and lets the process restart. */
export class InvariantError extends Error {
  override readonly name = 'InvariantError'
}

export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new InvariantError(message)
}
