import { createHash, randomBytes } from 'node:crypto'
import { rename } from 'node:fs/promises'
import { join } from 'node:path'
import type { CacheFolder } from './cache-folder.ts'
import type { Java } from './java.ts'
import { exists } from './unpack.ts'

/**
 * The loaded classes of an earlier run, which let a JVM start in half the time.
 *
 * The JVM could keep such an archive up to date by itself (`-XX:+AutoCreateSharedArchive`), but writes it in place: a
 * second JVM that starts or ends at that moment meets half a file. So a run without an archive writes one of its own
 * when it ends cleanly, and `keep` gives the complete file its final name. Java 17 can do this too.
 */
export interface ClassDataArchive {
  readonly javaArgs: readonly string[]
  /** To be called after a clean end of the JVM, and only then: after a kill the file may be cut off. */
  keep(): Promise<void>
}

/** @param content names what the JVM runs; a changed class path needs another archive. */
export async function classDataArchive(
  cache: CacheFolder,
  java: Java,
  content: { readonly name: string; readonly classPath: readonly string[] },
): Promise<ClassDataArchive> {
  const key = createHash('sha256')
    .update([java.path, java.version, ...content.classPath].join('\n'))
    .digest('hex')
    .slice(0, 16)
  const kept = join(cache.classData, `${content.name}-${key}.jsa`)
  // A file that does not fit this JVM is ignored by it; the log line about that is of no use to anyone.
  if (await exists(kept)) return { javaArgs: [`-XX:SharedArchiveFile=${kept}`, '-Xlog:cds=off'], keep: async () => {} }
  const own = join(cache.partial, `${content.name}-${key}.${process.pid}-${randomBytes(6).toString('hex')}.jsa`)
  return {
    javaArgs: [`-XX:ArchiveClassesAtExit=${own}`, '-Xlog:cds=off', '-Xlog:cds+dynamic=off'],
    async keep() {
      if (await exists(own)) await rename(own, kept)
    },
  }
}
