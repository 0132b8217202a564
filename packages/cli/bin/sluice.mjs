#!/usr/bin/env node
// Runs the command on a Node that takes TypeScript as it stands: the one that came with the dependencies, else this one.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { constants } from 'node:os'
import { delimiter, dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const PACKAGE = resolve(dirname(fileURLToPath(import.meta.url)), '..')
const MAIN = join(PACKAGE, 'src', 'main.ts')
/** Oldest Node that strips types without a flag. */
const RUN_NODE_MIN = [22, 18]
const EXIT_UNAVAILABLE = 69

const [major, minor] = process.versions.node.split('.').map(Number)
if (major > RUN_NODE_MIN[0] || (major === RUN_NODE_MIN[0] && minor >= RUN_NODE_MIN[1])) await import(MAIN)
else runOn(ownNode())

function ownNode() {
  const own = join(PACKAGE, '..', '..', 'node_modules', '.bin', 'node')
  // It is built for glibc systems; where it does not run, only a newer Node of the machine helps.
  if (existsSync(own) && spawnSync(own, ['--version']).status === 0) return own
  process.stderr.write(
    `Node ${RUN_NODE_MIN.join('.')} or newer is needed, this one is ${process.versions.node}. Run \`npm install\` at the root of the repository, which brings one for most systems, or install Node 24.\n`,
  )
  return process.exit(EXIT_UNAVAILABLE)
}

function runOn(node) {
  const bin = dirname(node)
  const child = spawn(node, [MAIN, ...process.argv.slice(2)], {
    stdio: 'inherit',
    env: { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH ?? ''}` },
  })
  // The child decides how to end. A terminal sends Ctrl-C to both by itself.
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  process.on('SIGINT', () => {
    if (!process.stdin.isTTY) child.kill('SIGINT')
  })
  child.once('exit', (code, signal) => {
    process.exitCode = signal === null ? code : 128 + (constants.signals[signal] ?? 0)
  })
}
