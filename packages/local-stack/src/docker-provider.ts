import { randomBytes } from 'node:crypto'
import { DependencyError } from '@sluice/contracts'
import type { StartedTestContainer, StartupCheckStrategy } from 'testcontainers'
import type { ComponentName } from './component.ts'
import { ContainerComponent, type ContainerSpec } from './container-component.ts'
import { findDaemon } from './docker-daemon.ts'
import { ensureImage, imageOf, imageTag } from './docker-image.ts'
import { freePort } from './free-port.ts'
import { probeKafka, probeRedis, probeRegistry, requireCompatibleSchemas } from './probe.ts'
import type { Provided, ProviderContext } from './provider.ts'
import { REGISTRY_PATH } from './registry-process.ts'
import { Supervisor } from './supervisor-client.ts'
import type { DaemonAddress } from './supervisor-protocol.ts'

type DockerClient = Parameters<StartupCheckStrategy['checkStartupState']>[0]

const READY_MS_MAX = 120_000
const LOG_TAIL_LINES = 15
const LOG_FRAME_HEADER_BYTES = 8
const LOG_FRAME_LENGTH_AT = 4
const UUID_BYTES = 16

/**
 * Starts the components as containers through testcontainers, all at once.
 *
 * Errors: `DependencyError` within seconds when no daemon answers or an image is neither there nor to be had.
 */
export async function provideContainers(needs: readonly ComponentName[], context: ProviderContext): Promise<Provided> {
  if (context.dataDir !== undefined) {
    throw new DependencyError('Docker', 'containers keep no data folder', { next: 'Leave the data folder out.' })
  }
  const daemon = await findDaemon(context.env)
  await Promise.all(needs.map((name) => ensureImage(daemon, imageOf(name, context.env), context)))
  const supervisor = await Supervisor.open()
  try {
    const host = await hostOf(daemon)
    // The first failure ends the others' wait; none may still be creating a container when the supervisor closes.
    const stopOthers = new AbortController()
    const signals = context.signal === undefined ? [] : [context.signal]
    const signal = AbortSignal.any([...signals, stopOthers.signal])
    const settled = await Promise.allSettled(
      needs.map(async (name) => {
        const spec = await specOf(name, host, context.env)
        return start(spec, daemon, supervisor, signal).catch((error: unknown) => {
          stopOthers.abort(error)
          throw error
        })
      }),
    )
    signal.throwIfAborted()
    const handles = settled.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
    return { handles, why: `Docker at ${host}`, close: () => supervisor.close() }
  } catch (error) {
    await supervisor.close()
    throw error
  }
}

/** testcontainers is large and needed here alone, so it is loaded only when a daemon answers. */
async function hostOf(daemon: DaemonAddress): Promise<string> {
  const { getContainerRuntimeClient } = await import('testcontainers')
  const { host } = (await getContainerRuntimeClient()).info.containerRuntime
  // Ports of a daemon behind a socket are published on the loopback address alone, and `localhost` may mean ::1 first.
  return 'socketPath' in daemon && host === 'localhost' ? '127.0.0.1' : host
}

async function start(
  spec: ContainerSpec,
  daemon: DaemonAddress,
  supervisor: Supervisor,
  signal: AbortSignal,
): Promise<ContainerComponent> {
  const testcontainers = await import('testcontainers')
  const loopbackOnly = 'socketPath' in daemon
  let version = imageTag(spec.image)
  let log = ''

  class OwnedContainer extends testcontainers.GenericContainer {
    protected override async beforeContainerCreated(): Promise<void> {
      if (!loopbackOnly) return
      const local = [{ HostIp: '127.0.0.1', HostPort: String(spec.port.host) }]
      this.hostConfig.PortBindings = { [`${spec.port.container}/tcp`]: local }
    }

    protected override async containerCreated(id: string): Promise<void> {
      supervisor.ownContainer({ id, daemon })
    }
  }

  /** Ready is what our own probes call ready; a container that ended while it started will never be. */
  class Answering extends testcontainers.StartupCheckStrategy {
    async checkStartupState(docker: DockerClient, id: string): Promise<'PENDING' | 'SUCCESS' | 'FAIL'> {
      try {
        version = (await spec.probe()) ?? version
        return 'SUCCESS'
      } catch {
        if (signal.aborted) return 'FAIL'
        const container = docker.getContainer(id)
        if ((await container.inspect()).State.Running) return 'PENDING'
        log = withoutFrames(await container.logs({ follow: false, stdout: true, stderr: true, tail: LOG_TAIL_LINES }))
        return 'FAIL'
      }
    }
  }

  const startedMs = performance.now()
  const container: StartedTestContainer = await new OwnedContainer(spec.image)
    .withExposedPorts(spec.port)
    .withEnvironment(spec.environment)
    .withLabels({ 'sluice.component': spec.name })
    // The supervisor removes it, also after a crash; no extra container has to be had for that.
    .withAutoCleanup(false)
    .withStartupTimeout(READY_MS_MAX)
    .withWaitStrategy(new Answering())
    .start()
    .catch((error: unknown) => {
      signal.throwIfAborted()
      const what = log === '' ? String(error) : `the container ended while it started. The end of its log:\n${log}`
      throw new DependencyError(spec.product, what, { next: `Check the image ${spec.image}.`, cause: error })
    })
  const startMs = performance.now() - startedMs
  return new ContainerComponent(spec, { id: container.getId(), daemon, version, startMs })
}

/** The daemon sends a log as frames: 8 bytes that end in the big-endian length, then the text. */
function withoutFrames(bytes: Buffer): string {
  let text = ''
  for (let at = 0; at + LOG_FRAME_HEADER_BYTES <= bytes.length; ) {
    const length = bytes.readUInt32BE(at + LOG_FRAME_LENGTH_AT)
    text += bytes.toString('utf8', at + LOG_FRAME_HEADER_BYTES, at + LOG_FRAME_HEADER_BYTES + length)
    at += LOG_FRAME_HEADER_BYTES + length
  }
  return text.trimEnd()
}

/**
 * The host port is chosen before the start and stays: a broker must announce the address its clients use when it starts,
 * and must have the same one after a restart.
 */
async function specOf(name: ComponentName, host: string, env: NodeJS.ProcessEnv): Promise<ContainerSpec> {
  const image = imageOf(name, env)
  const port = await freePort()
  if (name === 'redis') {
    const url = `redis://${host}:${port}`
    const common = { name, product: 'Redis', image, address: url, environment: {} }
    return { ...common, port: { container: 6379, host: port }, probe: () => probeRedis(url) }
  }
  if (name === 'registry') {
    const url = `http://${host}:${port}${REGISTRY_PATH}`
    const environment = { QUARKUS_HTTP_PORT: '8080', APICURIO_DATASOURCE_URL: 'jdbc:h2:file:/tmp/sluice-schemas' }
    const probe = async () => {
      await probeRegistry(url)
      await requireCompatibleSchemas(url)
      return undefined
    }
    const common = { name, product: 'Apicurio Registry', image, address: url, environment, probe }
    return { ...common, port: { container: 8080, host: port } }
  }
  const address = `${host}:${port}`
  const probe = async () => {
    await probeKafka([address])
    return undefined
  }
  const common = { name, product: 'Apache Kafka', image, address, environment: brokerEnvironment(address), probe }
  return { ...common, port: { container: 9092, host: port } }
}

/** Settings of the official image: `KAFKA_` and the name of the property in capitals. */
function brokerEnvironment(address: string): Record<string, string> {
  return {
    CLUSTER_ID: `s${randomBytes(UUID_BYTES).toString('base64url').slice(1)}`,
    KAFKA_HEAP_OPTS: '-Xms256m -Xmx512m',
    KAFKA_NODE_ID: '1',
    KAFKA_PROCESS_ROLES: 'broker,controller',
    KAFKA_CONTROLLER_QUORUM_VOTERS: '1@127.0.0.1:9093',
    KAFKA_LISTENERS: 'PLAINTEXT://0.0.0.0:9092,CONTROLLER://127.0.0.1:9093',
    KAFKA_ADVERTISED_LISTENERS: `PLAINTEXT://${address}`,
    KAFKA_CONTROLLER_LISTENER_NAMES: 'CONTROLLER',
    KAFKA_INTER_BROKER_LISTENER_NAME: 'PLAINTEXT',
    KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: 'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT',
    KAFKA_AUTO_CREATE_TOPICS_ENABLE: 'false',
    KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS: '0',
    KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR: '1',
    KAFKA_OFFSETS_TOPIC_NUM_PARTITIONS: '4',
    KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR: '1',
    KAFKA_TRANSACTION_STATE_LOG_MIN_ISR: '1',
    KAFKA_TRANSACTION_STATE_LOG_NUM_PARTITIONS: '4',
    KAFKA_SHARE_COORDINATOR_STATE_TOPIC_REPLICATION_FACTOR: '1',
    KAFKA_SHARE_COORDINATOR_STATE_TOPIC_MIN_ISR: '1',
    KAFKA_SHARE_COORDINATOR_STATE_TOPIC_NUM_PARTITIONS: '4',
    KAFKA_LOG_CLEANER_DEDUPE_BUFFER_SIZE: '16777216',
  }
}
