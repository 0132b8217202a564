import { expect, test } from 'vitest'
import {
  artifactFile,
  coordinates,
  JAVA_WHEEL,
  KAFKA_ARTIFACTS,
  KAFKA_VERSION,
  REDIS_ARTIFACT,
  REGISTRY_ARTIFACT,
} from './artifact-lock.ts'

test('every locked file is pinned by size and hash, and none twice', () => {
  const all = [...KAFKA_ARTIFACTS, REGISTRY_ARTIFACT, REDIS_ARTIFACT]
  for (const artifact of all) {
    expect(artifact.sha256, coordinates(artifact)).toMatch(/^[0-9a-f]{64}$/)
    expect(artifact.bytes, coordinates(artifact)).toBeGreaterThan(0)
  }
  expect(new Set(all.map((artifact) => artifact.sha256)).size).toBe(all.length)
  expect(new Set(KAFKA_ARTIFACTS.map(coordinates)).size).toBe(KAFKA_ARTIFACTS.length)
  for (const sha256 of JAVA_WHEEL.sha256) expect(sha256).toMatch(/^[0-9a-f]{64}$/)
})

test('the broker is a Kafka 4 and brings a logging binding', () => {
  expect(KAFKA_VERSION).toBe('4.3.1')
  expect(KAFKA_ARTIFACTS.map((artifact) => artifact.artifact)).toContain('slf4j-simple')
})

test('coordinates and file names follow the repository layout, with and without classifier', () => {
  expect(coordinates(REGISTRY_ARTIFACT)).toBe('io.apicurio:apicurio-registry-app:tar.gz:all:3.3.3')
  expect(artifactFile(REGISTRY_ARTIFACT)).toBe('apicurio-registry-app-3.3.3-all.tar.gz')
  const broker = KAFKA_ARTIFACTS.find((artifact) => artifact.artifact === 'kafka_2.13')
  expect(broker && coordinates(broker)).toBe('org.apache.kafka:kafka_2.13:jar:4.3.1')
  expect(broker && artifactFile(broker)).toBe('kafka_2.13-4.3.1.jar')
})
