import { mkdir, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { cachedPath, ensureArtifacts } from './artifact-cache.ts'
import { REGISTRY_ARTIFACT, REGISTRY_VERSION } from './artifact-lock.ts'
import { classDataArchive } from './class-data-archive.ts'
import { freePort } from './free-port.ts'
import type { Java } from './java.ts'
import { type LaunchContext, processEnvironment } from './launch-context.ts'
import { probeRegistry, requireCompatibleSchemas } from './probe.ts'
import { SupervisedComponent } from './supervised-component.ts'
import { exists, unpackOnce, unpackTarGz } from './unpack.ts'

/** The path at which Apicurio speaks the API of the Confluent Schema Registry. */
export const REGISTRY_PATH = '/apis/ccompat/v7'

export interface RegistryLaunch extends LaunchContext {
  readonly java: Java
}

/** Starts Apicurio with its data in a file, so that a restart knows the schemas and ids of before. */
export async function startRegistryProcess(launch: RegistryLaunch): Promise<SupervisedComponent> {
  const program = await installed(launch)
  const folder = join(launch.runFolder, 'registry')
  const temporary = join(folder, 'tmp')
  await mkdir(temporary, { recursive: true })
  const [port, managementPort] = [await freePort(), await freePort()]
  const jar = join(program, 'quarkus-run.jar')
  const archive = await classDataArchive(launch.cache, launch.java, { name: 'registry', classPath: [jar] })
  const url = `http://127.0.0.1:${port}${REGISTRY_PATH}`
  return SupervisedComponent.start(
    {
      name: 'registry',
      product: 'Apicurio Registry',
      address: url,
      process: {
        command: launch.java.path,
        args: [
          '-Xmx256m',
          '-XX:+UseSerialGC',
          '-XX:TieredStopAtLevel=1',
          ...archive.javaArgs,
          `-Djava.io.tmpdir=${temporary}`,
          '-Dquarkus.http.host=127.0.0.1',
          `-Dquarkus.http.port=${port}`,
          '-Dquarkus.management.host=127.0.0.1',
          `-Dquarkus.management.port=${managementPort}`,
          '-Dquarkus.banner.enabled=false',
          `-Dapicurio.datasource.url=jdbc:h2:file:${join(folder, 'schemas')}`,
          '-jar',
          jar,
        ],
        cwd: folder,
        env: processEnvironment(launch.env),
        logFile: join(folder, 'registry.log'),
      },
      probe: async () => {
        await probeRegistry(url)
        await requireCompatibleSchemas(url)
        return REGISTRY_VERSION
      },
      afterCleanStop: archive.keep,
      signal: launch.signal,
    },
    launch.supervisor,
  )
}

/** The unpacked program. The archive itself is not kept: it is large, and the unpacked folder carries its hash. */
async function installed(launch: RegistryLaunch): Promise<string> {
  const { sha256 } = REGISTRY_ARTIFACT
  const unpacked = join(launch.cache.unpacked, sha256)
  if (await exists(unpacked)) return unpacked
  const title = `Apicurio Registry ${REGISTRY_VERSION}`
  await unpackOnce(launch.cache, sha256, async (folder) => {
    const [archive] = await ensureArtifacts([REGISTRY_ARTIFACT], { ...launch, title })
    await unpackTarGz(archive!, folder)
  })
  await rm(dirname(cachedPath(launch.cache, REGISTRY_ARTIFACT)), { recursive: true, force: true })
  return unpacked
}
