import { execFileSync } from 'node:child_process'
import { cpus } from 'node:os'

/** One line that says what a figure was measured on. */
export function machineLine(): string {
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim()
  return `commit ${commit} · Node ${process.versions.node} · ${cpus().length} × ${cpus()[0]!.model}`
}
