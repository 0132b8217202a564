import { mkdir, readdir, rm, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'

/** Left-overs of an interrupted download older than this are swept; younger ones may belong to a running process. */
const PARTIAL_AGE_MS_MAX = 24 * 3600 * 1000

/** The parts of the cache. Everything in it is named by the hash of what it is, or was made from, so nothing expires. */
export interface CacheFolder {
  readonly root: string
  /** Downloaded files, `<sha256>/<file name>`. */
  readonly artifacts: string
  /** Unpacked archives and executables, `<sha256 of the archive>/…`. */
  readonly unpacked: string
  /** Class-data archives of the JVMs. */
  readonly classData: string
  /** Work in progress. On the same file system as the rest, so that finishing is one atomic rename. */
  readonly partial: string
}

/** Where the cache is: `SLUICE_CACHE_DIR`, else `$XDG_CACHE_HOME/sluice`, else `~/.cache/sluice`. */
export function cacheFolderPath(env: NodeJS.ProcessEnv): string {
  if (env['SLUICE_CACHE_DIR']) return resolve(env['SLUICE_CACHE_DIR'])
  if (env['XDG_CACHE_HOME']) return resolve(env['XDG_CACHE_HOME'], 'sluice')
  return join(homedir(), '.cache', 'sluice')
}

/** Creates the folders and sweeps what interrupted processes left behind. */
export async function openCacheFolder(root: string, nowMs: number = Date.now()): Promise<CacheFolder> {
  const folder: CacheFolder = {
    root,
    artifacts: join(root, 'artifacts'),
    unpacked: join(root, 'unpacked'),
    classData: join(root, 'class-data'),
    partial: join(root, 'partial'),
  }
  for (const path of [folder.artifacts, folder.unpacked, folder.classData, folder.partial]) {
    await mkdir(path, { recursive: true })
  }
  for (const name of await readdir(folder.partial)) {
    const path = join(folder.partial, name)
    // Another process may finish its own part between the listing and the look: a missing entry is fine.
    const found = await stat(path).catch(() => undefined)
    if (found !== undefined && nowMs - found.mtimeMs > PARTIAL_AGE_MS_MAX) {
      await rm(path, { recursive: true, force: true })
    }
  }
  return folder
}
