import { DependencyError } from '@sluice/contracts'

export interface RegistryAddress {
  /** Base URL without credentials and without a slash at the end. */
  readonly url: string
  readonly auth: { readonly username: string; readonly password: string } | undefined
}

/** `https://user:password@host/path` taken apart; the credentials are percent-decoded. */
export function registryAddress(text: string): RegistryAddress {
  const url = new URL(text)
  const auth =
    url.username === ''
      ? undefined
      : { username: decodeURIComponent(url.username), password: decodeURIComponent(url.password) }
  url.username = ''
  url.password = ''
  return { url: url.toString().replace(/\/+$/, ''), auth }
}

export interface RegistryAnswer {
  readonly status: number
  readonly body: unknown
}

/**
 * The calls that the client library does not have. Answers 200 and 404 as they are; everything else, and a 404 that does
 * not come from a schema registry (a wrong base path answers 404 to everything), is a DependencyError.
 */
export async function callRegistry(
  address: RegistryAddress,
  timeoutMs: number,
  method: 'GET' | 'PUT',
  path: string,
  body?: object,
): Promise<RegistryAnswer> {
  const { auth } = address
  let response: Response
  let answer: unknown
  try {
    response = await fetch(`${address.url}${path}`, {
      method,
      headers: {
        accept: 'application/vnd.schemaregistry.v1+json, application/json',
        ...(body === undefined ? {} : { 'content-type': 'application/vnd.schemaregistry.v1+json' }),
        ...(auth === undefined
          ? {}
          : { authorization: `Basic ${Buffer.from(`${auth.username}:${auth.password}`).toString('base64')}` }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(timeoutMs),
    })
    answer = parseJson(await response.text())
  } catch (error) {
    throw unreachable(address, timeoutMs, error)
  }
  if (response.status === 200 && answer !== undefined) return { status: 200, body: answer }
  if (response.status === 404 && typeof propertyOf(answer, 'error_code') === 'number') {
    return { status: 404, body: answer }
  }
  throw wrongStatus(address, response.status, `${method} ${path}`)
}

export function unreachable(address: RegistryAddress, timeoutMs: number, cause: unknown): DependencyError {
  return new DependencyError('schema registry', `${address.url} did not answer within ${timeoutMs} ms`, {
    next: 'Start the schema registry, or correct registry.url.',
    cause,
  })
}

export function wrongStatus(address: RegistryAddress, status: number, call: string): DependencyError {
  return new DependencyError('schema registry', `${address.url} answered ${status} to ${call}`, {
    next: advice(status),
  })
}

function advice(status: number): string {
  if (status === 200) return 'This is no schema registry; correct registry.url.'
  if (status === 401 || status === 403) return 'Put credentials that may do this into registry.url.'
  if (status === 404) return 'Correct the path of registry.url (Apicurio: /apis/ccompat/v7, Confluent: none).'
  return 'Look into the log of the schema registry.'
}

export function propertyOf(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined // Not a registry's answer; the status decides what that means.
  }
}
