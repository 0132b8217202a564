import { constants } from 'node:fs'
import { type FileHandle, lstat, open, readdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { DependencyError, NAME_PATTERN } from '@sluice/contracts'
import {
  declaredFiles,
  MANIFEST_PATH,
  ModelRefused,
  type ModelStore,
  PACKAGE_LIMITS,
  type PackageFiles,
  parseManifest,
  type StoredVersion,
} from '@sluice/scoring'

const FOLDER = /^(.+)-(0|[1-9]\d{0,8})$/

/**
 * Model packages in a folder, one in each `<name>-<version>/`.
 *
 * Only `model.yaml` and the files that it names are read, each up to its limit. A link anywhere on the way is refused: what
 * a package holds is what lies in its folder. Hashes are for `parseModelPackage` to check, which every store's files go
 * through.
 */
export function openModelStore(dir: string): ModelStore {
  return new FolderStore(resolve(dir))
}

class FolderStore implements ModelStore {
  readonly #dir: string

  constructor(dir: string) {
    this.#dir = dir
  }

  async list(): Promise<readonly StoredVersion[]> {
    const entries = await readdir(this.#dir, { withFileTypes: true }).catch((cause) => {
      throw unreadable(this.#dir, cause)
    })
    return entries
      .filter((entry) => entry.isDirectory())
      .flatMap(({ name }) => versionOf(name))
      .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.version - b.version))
  }

  async read(name: string, version: number): Promise<PackageFiles> {
    const id = `${name}-${version}`
    // A name is part of a path here; nothing but a model name may get that far.
    if (versionOf(id).length === 0) throw new ModelRefused(id, [`\`${id}\` is no name and version of a model`])
    const origin = join(this.#dir, id)
    const kind = await kindOf(origin)
    if (kind === 'absent') throw new ModelRefused(id, [await this.#absent(name)])
    if (kind !== 'folder') throw new ModelRefused(id, [`${origin}: it must be a folder, not a ${kind}`])

    const reasons: string[] = []
    const files = new Map<string, Uint8Array>()
    const add = async (path: string, bytesMax: number) => {
      const content = await readInside(origin, path, bytesMax)
      if (typeof content === 'string') reasons.push(content)
      else if (content !== undefined) files.set(path, content)
    }
    await add(MANIFEST_PATH, PACKAGE_LIMITS.manifest)
    const manifest = files.get(MANIFEST_PATH)
    if (manifest !== undefined) for (const [path, role] of declared(manifest)) await add(path, PACKAGE_LIMITS[role])
    if (reasons.length > 0) throw new ModelRefused(id, reasons)
    return { origin, name, version, files }
  }

  async #absent(name: string): Promise<string> {
    const versions = (await this.list()).filter((stored) => stored.name === name).map(({ version }) => version)
    if (versions.length === 0) return `there is no model \`${name}\` in ${this.#dir}`
    return `there is no such version in ${this.#dir}; it has ${versions.join(', ')}`
  }
}

function versionOf(folder: string): StoredVersion[] {
  const match = FOLDER.exec(folder)
  return match !== null && NAME_PATTERN.test(match[1]!) ? [{ name: match[1]!, version: Number(match[2]) }] : []
}

/** Files that a manifest names; none when it cannot be read, for then the package is refused anyway, with the reasons. */
function declared(manifest: Uint8Array): ReturnType<typeof declaredFiles> {
  const parsed = parseManifest(new TextDecoder().decode(manifest))
  return parsed.manifest === undefined ? new Map() : declaredFiles(parsed.manifest)
}

/** A file below the folder: its bytes, why it is not read, or undefined when there is none. */
async function readInside(folder: string, path: string, bytesMax: number): Promise<Uint8Array | string | undefined> {
  const parts = path.split('/')
  for (let i = 1; i < parts.length; i++) {
    const kind = await kindOf(join(folder, ...parts.slice(0, i)))
    if (kind === 'absent') return undefined
    if (kind !== 'folder') return `${path}: \`${parts.slice(0, i).join('/')}\` must be a folder, not a ${kind}`
  }
  const file = join(folder, path)
  const kind = await kindOf(file)
  if (kind === 'absent') return undefined
  if (kind !== 'file') return `${path}: it must be a file, not a ${kind}`
  // Not followed and not waited for, should it have become a link or a pipe since it was looked at.
  const handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch((cause) => {
    throw unreadable(file, cause)
  })
  try {
    return (await readBounded(handle, bytesMax)) ?? `${path}: it has more than ${bytesMax} bytes`
  } catch (cause) {
    throw unreadable(file, cause)
  } finally {
    await handle.close()
  }
}

/** All bytes of a file, or undefined when they are more than allowed. */
async function readBounded(handle: FileHandle, bytesMax: number): Promise<Uint8Array | undefined> {
  const { size } = await handle.stat()
  if (size > bytesMax) return undefined
  const content = new Uint8Array(size)
  let length = 0
  while (length < size) {
    const { bytesRead } = await handle.read(content, length, size - length, length)
    if (bytesRead === 0) break
    length += bytesRead
  }
  return content.subarray(0, length)
}

async function kindOf(path: string): Promise<'absent' | 'folder' | 'file' | 'link' | 'special file'> {
  try {
    const stats = await lstat(path)
    if (stats.isSymbolicLink()) return 'link'
    if (stats.isDirectory()) return 'folder'
    return stats.isFile() ? 'file' : 'special file'
  } catch (cause) {
    if (['ENOENT', 'ENOTDIR'].includes((cause as NodeJS.ErrnoException).code ?? '')) return 'absent'
    throw unreadable(path, cause)
  }
}

function unreadable(path: string, cause: unknown): DependencyError {
  return new DependencyError('files', `${path} cannot be read: ${(cause as Error).message}`, {
    next: 'Check `models.dir` and that the process may read it.',
    cause,
  })
}
