// Starts the platform or its tests on a fresh clone. It runs before anything is installed and on the Node the machine has,
// so it is plain JavaScript without dependencies. Everything it installs lies in node_modules of this folder.
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import { delimiter, dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const { env } = process
const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..')
const MODULES = join(ROOT, 'node_modules')
const LOCK = join(ROOT, 'package-lock.json')
const STAMP = join(MODULES, '.sluice-installed')
const STILL_INSTALLING_EVERY_MS = 10_000
/** Oldest Node this file itself runs on. */
const BOOT_NODE_MAJOR_MIN = 20
/** Oldest Node that runs the TypeScript sources as they stand. */
const RUN_NODE_MIN = [22, 18]
const EXIT_USAGE = 64
const EXIT_UNAVAILABLE = 69

const COMMANDS = {
  start: (args) => ['packages/cli/src/main.ts', 'up', '--demo', ...args],
  test: (args) => ['tools/test.ts', ...args],
}

const [command, ...args] = process.argv.slice(2)
const script = Object.hasOwn(COMMANDS, command ?? '') ? COMMANDS[command](args) : undefined
if (script === undefined) fail(EXIT_USAGE, `Say what to do: ${Object.keys(COMMANDS).join(' or ')}.`)
if (Number(process.versions.node.split('.')[0]) < BOOT_NODE_MAJOR_MIN) {
  fail(
    EXIT_UNAVAILABLE,
    `Node ${process.versions.node} is too old: ${BOOT_NODE_MAJOR_MIN} or newer is needed. Install a current Node and run this again.`,
  )
}
if (!isInstalled()) await install()
run(pickNode(), script)

/** Whether node_modules is what the lock file says: by our stamp, else by the record npm keeps of what it installed. */
function isInstalled() {
  const stamp = stampOfLock()
  if (existsSync(STAMP) && readFileSync(STAMP, 'utf8') === stamp) return true
  const record = join(MODULES, '.package-lock.json')
  if (!existsSync(record)) return false
  const wanted = JSON.parse(readFileSync(LOCK, 'utf8')).packages
  const present = JSON.parse(readFileSync(record, 'utf8')).packages
  const same = Object.entries(wanted).every(([path, entry]) => {
    if (!path.includes('node_modules/') || entry.link === true) return true
    const found = present[path]
    // What is made for another system is left out by npm.
    return found === undefined ? entry.optional === true : found.version === entry.version
  })
  const linked = Object.entries(wanted).every(([path, entry]) => entry.link !== true || existsSync(join(ROOT, path)))
  if (same && linked) writeFileSync(STAMP, stamp)
  return same && linked
}

/** Changes with the lock file and with the system: native packages of another system are of no use. */
function stampOfLock() {
  const hash = createHash('sha256').update(readFileSync(LOCK)).digest('hex')
  return `${hash} ${process.platform}-${process.arch}\n`
}

async function install() {
  const count = Object.keys(JSON.parse(readFileSync(LOCK, 'utf8')).packages).length
  say(`Installing the locked dependencies (about ${count} packages, once) ...`)
  const startedMs = Date.now()
  const seconds = () => `${Math.round((Date.now() - startedMs) / 1000)} s`
  const ticker = setInterval(() => say(`... still installing (${seconds()})`), STILL_INSTALLING_EVERY_MS)
  // No install script of any package runs: everything needed comes as files inside the packages.
  const npmArgs = ['ci', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error']
  // What npm says is progress; the output belongs to the program.
  const stdio = ['inherit', process.stderr, process.stderr]
  const npmScript = env.npm_execpath
  const child =
    npmScript === undefined
      ? spawn('npm', npmArgs, { cwd: ROOT, stdio, shell: process.platform === 'win32' })
      : spawn(process.execPath, [npmScript, ...npmArgs], { cwd: ROOT, stdio })
  forwardSignals(child)
  const end = await new Promise((done) => {
    child.once('error', (error) => done({ cause: `npm could not be started: ${error.message}` }))
    child.once('exit', (code, signal) => done({ code, cause: `npm ci ended with ${signal ?? code}` }))
  })
  clearInterval(ticker)
  if (end.code !== 0) {
    fail(
      EXIT_UNAVAILABLE,
      `Installing failed: ${end.cause}; the lines above say why. Usually the package registry is out of reach: check the network and the npm settings (npm config get registry, proxy), then run this again.`,
    )
  }
  writeFileSync(STAMP, stampOfLock())
  say(`Installed in ${seconds()}.`)
}

/** The Node that came with the dependencies, else the one that runs this file if it is new enough. */
function pickNode() {
  const own = join(MODULES, '.bin', 'node')
  // It is built for glibc systems; where it does not run, the machine's Node is asked.
  if (existsSync(own) && spawnSync(own, ['--version']).status === 0) return own
  const [major, minor] = process.versions.node.split('.').map(Number)
  const newEnough = major > RUN_NODE_MIN[0] || (major === RUN_NODE_MIN[0] && minor >= RUN_NODE_MIN[1])
  if (newEnough) return process.execPath
  return fail(
    EXIT_UNAVAILABLE,
    `Node ${RUN_NODE_MIN.join('.')} or newer is needed (24 is what we test with), this one is ${process.versions.node}, and none is published as a package for ${process.platform}-${process.arch}. Install Node 24 and run this again.`,
  )
}

function run(node, script) {
  // kafkajs sets a timer with a negative delay, which Node 24 warns about once per process; it does no harm.
  const options = `${env.NODE_OPTIONS ?? ''} --disable-warning=TimeoutNegativeWarning`.trim()
  const path = `${join(MODULES, '.bin')}${delimiter}${env.PATH ?? ''}`
  const childEnv = { ...env, PATH: path, NODE_OPTIONS: options }
  const child = spawn(node, script, { cwd: ROOT, stdio: 'inherit', env: childEnv })
  forwardSignals(child)
  child.once('error', (error) => fail(EXIT_UNAVAILABLE, `${node} could not be started: ${error.message}`))
  child.once('exit', (code, signal) => {
    // The way a shell reports the end by a signal.
    process.exitCode = signal === null ? code : 128 + (constants.signals[signal] ?? 0)
  })
}

/** The child decides how to end; this process waits for it and keeps its exit code. */
function forwardSignals(child) {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      // Ctrl-C in a terminal reaches the child by itself; a second one would ask it to give up its orderly stop.
      if (signal === 'SIGINT' && process.stdin.isTTY) return
      child.kill(signal)
    })
  }
}

function say(line) {
  process.stderr.write(`${line}\n`)
}

function fail(code, line) {
  say(line)
  process.exit(code)
}
