import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest'

// Each of these runs npm several times.
vi.setConfig({ testTimeout: 60_000 })

const SIGTERM_EXIT = 143

/** A repository with the bootstrap, one dependency in a file, and programs that say what they were called with. */
let root: string
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'sluice-bootstrap-'))
  onTestFinished(() => rm(root, { recursive: true, force: true }))
  await mkdir(join(root, 'tools'))
  await mkdir(join(root, 'packages/cli/src'), { recursive: true })
  await copyFile(join(import.meta.dirname, 'bootstrap.mjs'), join(root, 'tools/bootstrap.mjs'))
  await dependOn('1.0.0')
})

test('start and test run their programs with the arguments, and the exit code is kept', async () => {
  await program('packages/cli/src/main.ts', 'console.log(process.argv.slice(2).join(" ")); process.exit(7)')
  await program('tools/test.ts', 'const args: string[] = process.argv.slice(2); console.log(args.join(" "))')
  expect(await bootstrap('start', '--port', '0')).toMatchObject({ code: 7, stdout: 'up --demo --port 0\n' })
  expect(await bootstrap('test', 'one file')).toMatchObject({ code: 0, stdout: 'one file\n' })
})

test('dependencies are installed once, and again only when the lock file changed', async () => {
  await program('tools/test.ts', '')
  expect((await bootstrap('test')).stderr).toMatch(/Installing the locked dependencies.*Installed in \d+ s/s)
  expect((await bootstrap('test')).stderr).not.toContain('Installing')
  await dependOn('1.0.1')
  expect((await bootstrap('test')).stderr).toContain('Installing')
  expect(await installedVersion()).toBe('1.0.1')
  expect((await bootstrap('test')).stderr).not.toContain('Installing')
})

test('what npm itself installed from this lock file is left as it is', async () => {
  await program('tools/test.ts', '')
  npm(root, 'ci', '--offline')
  expect((await bootstrap('test')).stderr).not.toContain('Installing')
})

test('a failed installation tells the cause and the next step, runs nothing, and is tried again', async () => {
  await program('tools/test.ts', 'console.log("ran")')
  await writeFile(join(root, 'package.json'), JSON.stringify({ name: 'x', dependencies: { other: '1.0.0' } }))
  for (let attempt = 0; attempt < 2; attempt++) {
    const result = await bootstrap('test')
    expect(result.code).toBe(69)
    expect(result.stdout).not.toContain('ran')
    expect(result.stderr).toMatch(/Installing failed: npm ci ended with \d+; the lines above say why.*run this again/)
  }
})

test('a signal reaches the program, which decides how to end', async () => {
  await program(
    'packages/cli/src/main.ts',
    'process.on("SIGTERM", () => process.exit(5)); setInterval(() => {}, 1000); console.log("ready")',
  )
  const child = launch('start')
  await once(child.stdout!, 'data')
  child.kill('SIGTERM')
  expect(await once(child, 'exit')).toEqual([5, null])
})

test('a program that a signal ends gives the exit code a shell would', async () => {
  await program('packages/cli/src/main.ts', 'process.kill(process.pid, "SIGTERM"); setInterval(() => {}, 1000)')
  expect(await bootstrap('start')).toMatchObject({ code: SIGTERM_EXIT })
})

test('an unknown command names the known ones', async () => {
  expect(await bootstrap('strat')).toMatchObject({ code: 64, stderr: 'Say what to do: start or test.\n' })
})

/** What a pull brings: package and lock file of a repository that depends on this version of a package kept in a file. */
async function dependOn(version: string): Promise<void> {
  const author = join(root, 'author')
  await mkdir(join(author, 'dependency'), { recursive: true })
  await writeFile(join(author, 'dependency/package.json'), JSON.stringify({ name: 'dependency', version }))
  npm(author, 'pack', './dependency')
  const archive = `dependency-${version}.tgz`
  const manifest = { name: 'x', version: '1.0.0', private: true, dependencies: { dependency: `file:${archive}` } }
  await writeFile(join(author, 'package.json'), JSON.stringify(manifest))
  npm(author, 'install', '--package-lock-only', '--offline')
  for (const file of ['package.json', 'package-lock.json', archive])
    await copyFile(join(author, file), join(root, file))
}

async function installedVersion(): Promise<string> {
  const text = await readFile(join(root, 'node_modules/dependency/package.json'), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}

function npm(cwd: string, ...args: string[]): void {
  execFileSync('npm', [...args, '--no-audit', '--no-fund', '--loglevel=error'], { cwd, stdio: 'pipe' })
}

function program(path: string, source: string): Promise<void> {
  return writeFile(join(root, path), source)
}

function launch(...args: string[]): ChildProcess {
  return spawn(process.execPath, [join(root, 'tools/bootstrap.mjs'), ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
}

async function bootstrap(...args: string[]) {
  const child = launch(...args)
  const output = { stdout: '', stderr: '' }
  child.stdout!.setEncoding('utf8').on('data', (text) => (output.stdout += text))
  child.stderr!.setEncoding('utf8').on('data', (text) => (output.stderr += text))
  const [code] = await once(child, 'close')
  return { code, ...output }
}
