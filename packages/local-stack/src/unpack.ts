import { randomBytes } from 'node:crypto'
import { chmod, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { unzipSync } from 'fflate'
import { x as extractTar } from 'tar'
import type { CacheFolder } from './cache-folder.ts'

const EXECUTABLE = 0o755

/**
 * Unpacks an archive once: into a folder beside the cache that is renamed to its final name when it is complete, so a
 * folder that exists is whole. When two processes do it at once the first rename wins and the other copy is thrown away.
 *
 * @param name names the content, the archive's sha256.
 * @returns the folder that holds the unpacked files.
 */
export async function unpackOnce(
  cache: CacheFolder,
  name: string,
  unpack: (folder: string) => Promise<void>,
): Promise<string> {
  const target = join(cache.unpacked, name)
  if (await exists(target)) return target
  const part = join(cache.partial, `${name}.${process.pid}-${randomBytes(6).toString('hex')}`)
  await mkdir(part, { recursive: true })
  try {
    await unpack(part)
    await rename(part, target).catch(async (error: NodeJS.ErrnoException) => {
      if (!(await exists(target))) throw error
    })
  } finally {
    await rm(part, { recursive: true, force: true })
  }
  return target
}

/** Unpacks a whole `.tar.gz`. */
export async function unpackTarGz(archive: string, folder: string): Promise<void> {
  await extractTar({ file: archive, cwd: folder, strict: true })
}

/** Unpacks the entries of a zip (a jar, a wheel) that `keep` accepts. Files below a `bin` folder become executable. */
export async function unpackZip(archive: string, folder: string, keep: (entry: string) => boolean): Promise<string[]> {
  const entries = unzipSync(await readFile(archive), { filter: (file) => !file.name.endsWith('/') && keep(file.name) })
  for (const [name, bytes] of Object.entries(entries)) {
    if (name.split('/').includes('..')) throw new Error(`${archive}: entry ${name} leads out of the archive`)
    const path = join(folder, name)
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, bytes)
    if (name.split('/').includes('bin')) await chmod(path, EXECUTABLE)
  }
  return Object.keys(entries)
}

export async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined
}
