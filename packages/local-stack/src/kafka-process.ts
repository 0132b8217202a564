import { createHash, randomBytes } from 'node:crypto'
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { ensureArtifacts } from './artifact-cache.ts'
import { KAFKA_ARTIFACTS, KAFKA_VERSION } from './artifact-lock.ts'
import { classDataArchive } from './class-data-archive.ts'
import { freePort } from './free-port.ts'
import type { Java } from './java.ts'
import { type LaunchContext, processEnvironment } from './launch-context.ts'
import { probeKafka } from './probe.ts'
import { SupervisedComponent } from './supervised-component.ts'
import { exists, unpackOnce } from './unpack.ts'

const FORMAT_MS_MAX = 60_000
const LOG_LEVEL = '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn'
/** What `kafka-storage format` writes besides the identity: the feature levels the cluster starts with. */
const BOOTSTRAP_FILE = 'bootstrap.checkpoint'
const UUID_BYTES = 16

export interface KafkaLaunch extends LaunchContext {
  readonly java: Java
  /** Broker settings on top of ours, as in `server.properties`. */
  readonly properties?: Readonly<Record<string, string>>
}

/** Starts one broker (KRaft, broker and controller in one process) and resolves when clients can work with it. */
export async function startKafkaProcess(launch: KafkaLaunch): Promise<SupervisedComponent> {
  const jars = await ensureArtifacts(KAFKA_ARTIFACTS, { ...launch, title: `Kafka ${KAFKA_VERSION}` })
  const classPath = jars.join(delimiter)
  const folder = join(launch.runFolder, 'kafka')
  const temporary = join(folder, 'tmp')
  await mkdir(temporary, { recursive: true })
  const [port, controllerPort] = [await freePort(), await freePort()]
  const configFile = join(folder, 'server.properties')
  const dataFolder = join(folder, 'data')
  const properties = { ...brokerProperties(dataFolder, port, controllerPort), ...launch.properties }
  await writeFile(configFile, propertiesText(properties))
  await prepareData(dataFolder, launch, classPath)
  const archive = await classDataArchive(launch.cache, launch.java, { name: 'kafka', classPath: jars })
  const address = `127.0.0.1:${port}`
  return SupervisedComponent.start(
    {
      name: 'kafka',
      product: 'Apache Kafka',
      address,
      process: {
        command: launch.java.path,
        args: [
          '-Xms256m',
          '-Xmx512m',
          '-XX:+UseSerialGC',
          ...archive.javaArgs,
          `-Djava.io.tmpdir=${temporary}`,
          LOG_LEVEL,
          '-cp',
          classPath,
          'kafka.Kafka',
          configFile,
        ],
        cwd: folder,
        env: processEnvironment(launch.env),
        logFile: join(folder, 'kafka.log'),
      },
      probe: async () => {
        await probeKafka([address])
        return KAFKA_VERSION
      },
      afterCleanStop: archive.keep,
      signal: launch.signal,
    },
    launch.supervisor,
  )
}

/** Small internal topics and buffers: one broker, one machine, a start in seconds. */
function brokerProperties(dataFolder: string, port: number, controllerPort: number): Record<string, string> {
  return {
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${port}`,
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'PLAINTEXT',
    'listener.security.protocol.map': 'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT',
    'log.dirs': dataFolder,
    'auto.create.topics.enable': 'false',
    'group.initial.rebalance.delay.ms': '0',
    'offsets.topic.replication.factor': '1',
    'offsets.topic.num.partitions': '4',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'transaction.state.log.num.partitions': '4',
    'share.coordinator.state.topic.replication.factor': '1',
    'share.coordinator.state.topic.min.isr': '1',
    'share.coordinator.state.topic.num.partitions': '4',
    'num.network.threads': '2',
    'num.io.threads': '4',
    'log.segment.bytes': '268435456',
    'log.cleaner.threads': '1',
    'log.cleaner.dedupe.buffer.size': '16777216',
  }
}

function propertiesText(properties: Readonly<Record<string, string>>): string {
  // Backslashes (Windows paths) start an escape in this format.
  const lines = Object.entries(properties).map(([key, value]) => `${key}=${value.replaceAll('\\', '\\\\')}`)
  return `${lines.join('\n')}\n`
}

/**
 * Gives a new data folder its identity. The feature levels are the same for every run and come from the cache, made there
 * once by Kafka's own tool: that saves a JVM start of every later run.
 */
async function prepareData(dataFolder: string, launch: KafkaLaunch, classPath: string): Promise<void> {
  const identity = join(dataFolder, 'meta.properties')
  if (await exists(identity)) return
  await mkdir(dataFolder, { recursive: true })
  const template = await formatTemplate(launch, classPath)
  await copyFile(join(template, BOOTSTRAP_FILE), join(dataFolder, BOOTSTRAP_FILE))
  const lines = { version: '1', 'cluster.id': newUuid(), 'node.id': '1', 'directory.id': newUuid() }
  // Written last: a folder with an identity is a complete one.
  await writeFile(identity, propertiesText(lines))
}

/** The identifier form of Kafka: 16 random bytes in URL-safe base64, not starting with a dash. */
function newUuid(): string {
  for (;;) {
    const uuid = randomBytes(UUID_BYTES).toString('base64url')
    if (!uuid.startsWith('-')) return uuid
  }
}

async function formatTemplate(launch: KafkaLaunch, classPath: string): Promise<string> {
  const hashes = KAFKA_ARTIFACTS.map((artifact) => artifact.sha256).join('\n')
  const name = `kafka-format-${createHash('sha256').update(hashes).digest('hex').slice(0, 16)}`
  return unpackOnce(launch.cache, name, async (folder) => {
    const configFile = join(folder, 'server.properties')
    const properties = brokerProperties(join(folder, 'data'), 9092, 9093)
    await writeFile(configFile, propertiesText(properties))
    const logFile = join(launch.runFolder, 'kafka-format.log')
    const tool = await launch.supervisor.start({
      command: launch.java.path,
      args: [
        '-Xmx128m',
        '-XX:+UseSerialGC',
        LOG_LEVEL,
        '-cp',
        classPath,
        'kafka.tools.StorageTool',
        'format',
        '--cluster-id',
        newUuid(),
        '--config',
        configFile,
      ],
      cwd: folder,
      env: processEnvironment(launch.env),
      logFile,
    })
    const timeout = new AbortController()
    const tooLate = sleep(FORMAT_MS_MAX, undefined, { signal: timeout.signal }).catch(() => undefined)
    const exit = await Promise.race([tool.exited, tooLate])
    timeout.abort()
    if (exit?.code !== 0) {
      throw new Error(`kafka-storage format failed: ${(await readFile(logFile, 'utf8')).trim()}`)
    }
    await copyFile(join(folder, 'data', BOOTSTRAP_FILE), join(folder, BOOTSTRAP_FILE))
  })
}
