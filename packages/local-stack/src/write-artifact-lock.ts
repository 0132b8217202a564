import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join, relative, sep } from 'node:path'
import type { Artifact } from './artifact-lock.ts'

/**
 * Prints the lock entries for a folder of artifacts in repository layout (`org/apache/kafka/…/4.3.1/x-4.3.1.jar`), as
 * `mvn dependency:copy-dependencies -Dmdep.useRepositoryLayout=true` writes it. Run it when a version is raised and put
 * the result into `artifacts.lock.json`: the hashes in the lock are the only thing the downloads are trusted by.
 */
function lockEntries(folder: string): Artifact[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.jar'))
  return files.sort().map((file) => {
    const path = join(folder, file)
    const bytes = readFileSync(path)
    const versionFolder = dirname(path)
    const artifactFolder = dirname(versionFolder)
    return {
      group: relative(folder, dirname(artifactFolder)).split(sep).join('.'),
      artifact: basename(artifactFolder),
      version: basename(versionFolder),
      extension: 'jar',
      bytes: bytes.length,
      sha256: createHash('sha256').update(bytes).digest('hex'),
    }
  })
}

const folder = process.argv[2]
if (folder === undefined) {
  process.stderr.write('Give the folder that holds the artifacts in repository layout.\n')
  process.exit(64)
}
process.stdout.write(`${JSON.stringify(lockEntries(folder), null, 2)}\n`)
