/**
 * A broker, registry, Redis or file that did not answer. The caller backs off and tries again in place; no offset moves.
 * `next` is what a person can do about it.
 */
export class DependencyError extends Error {
  override readonly name = 'DependencyError'
  readonly dependency: string
  readonly next: string
  constructor(dependency: string, message: string, options: { readonly next: string; readonly cause?: unknown }) {
    super(`${dependency}: ${message}`, options.cause === undefined ? undefined : { cause: options.cause })
    this.dependency = dependency
    this.next = options.next
  }
}
