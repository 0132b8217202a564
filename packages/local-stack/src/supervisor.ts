import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync, rmSync } from 'node:fs'
import { callDocker } from './docker-api.ts'
import type { ContainerRef, SupervisorAnswer, SupervisorOrder } from './supervisor-protocol.ts'

/**
 * The process that owns the local stack's processes, so that none outlives the process that wanted them. It holds one
 * channel to its parent; when the channel breaks, because the parent stopped, crashed or was killed, it kills its
 * children, removes the containers and folders it was told about, and ends. It runs in a session of its own, so Ctrl-C in
 * a terminal reaches the parent alone, which then stops the stack in its own order.
 */
const children = new Set<ChildProcess>()
const folders = new Set<string>()
const containers: ContainerRef[] = []
const REMOVAL_SILENCE_MS_MAX = 10_000

function start(order: Extract<SupervisorOrder, { kind: 'start' }>): void {
  const log = openSync(order.logFile, 'a')
  const child = spawn(order.command, order.args, { cwd: order.cwd, env: order.env, stdio: ['ignore', log, log] })
  closeSync(log)
  child.once('spawn', () => {
    children.add(child)
    answer({ kind: 'started', id: order.id, pid: child.pid! })
  })
  child.once('error', (error) => {
    if (child.pid === undefined) answer({ kind: 'failed', id: order.id, message: error.message })
  })
  child.once('exit', (code, signal) => {
    children.delete(child)
    answer({ kind: 'exited', id: order.id, code, signal })
  })
}

function answer(message: SupervisorAnswer): void {
  if (process.connected) process.send?.(message)
}

async function cleanUp(): Promise<void> {
  const gone = [...children].map((child) => new Promise((resolve) => child.once('exit', resolve)))
  for (const child of children) child.kill('SIGKILL')
  await Promise.all([...gone, ...containers.map(removeContainer)])
  for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
  process.exit(0)
}

async function removeContainer(container: ContainerRef): Promise<void> {
  const path = `/containers/${container.id}?force=1&v=1`
  // A daemon that is gone has no containers left to remove.
  await callDocker(container.daemon, { method: 'DELETE', path, silenceMsMax: REMOVAL_SILENCE_MS_MAX }).catch(() => {})
}

process.on('message', (order: SupervisorOrder) => {
  if (order.kind === 'start') start(order)
  else if (order.kind === 'own-folder') folders.add(order.folder)
  else containers.push(order.container)
})
process.on('SIGINT', () => {})
process.once('disconnect', cleanUp)
process.once('SIGTERM', cleanUp)
process.once('SIGHUP', cleanUp)
answer({ kind: 'ready' })
