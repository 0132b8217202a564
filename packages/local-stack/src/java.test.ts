import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { openCacheFolder } from './cache-folder.ts'
import { type FindJavaOptions, findJava, parseJavaVersion } from './java.ts'

/** No Java of this version exists, so no Java of the machine can pass for one of the test's. */
const FUTURE = 990

let root: string
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'sluice-java-'))
  onTestFinished(() => rm(root, { recursive: true, force: true }))
})

test.each([
  [
    'openjdk version "17.0.15" 2025-04-15\nOpenJDK Runtime Environment (build 17.0.15+6-Debian-1deb12u1)',
    17,
    '17.0.15',
  ],
  ['openjdk version "25" 2025-09-16 LTS', 25, '25'],
  ['openjdk version "26-ea" 2026-03-17', 26, '26-ea'],
  ['java version "1.8.0_402"\nJava(TM) SE Runtime Environment', 8, '1.8.0_402'],
  ['Picked up JAVA_TOOL_OPTIONS: -Xmx1g\nopenjdk version "21.0.7" 2025-04-15', 21, '21.0.7'],
])('reads the version out of %j', (text, major, version) => {
  expect(parseJavaVersion(text)).toEqual({ major, version })
})

test('text without a version is no Java', () => {
  expect(parseJavaVersion('The operation couldn’t be completed. Unable to locate a Java Runtime.')).toBeUndefined()
})

test('JAVA_HOME comes before the PATH, and what is too old or does not run is passed over', async () => {
  const home = await fakeJava('home', `${FUTURE + 1}.0.1`)
  const onPath = await fakeJava('path', `${FUTURE}.0.2`)
  const broken = join(root, 'broken')
  await mkdir(join(broken, 'bin'), { recursive: true })
  await writeFile(join(broken, 'bin', 'java'), 'not a program')

  const fromHome = await find({ JAVA_HOME: home, PATH: join(onPath, 'bin') }, FUTURE)
  expect(fromHome).toMatchObject({ foundBy: 'JAVA_HOME', major: FUTURE + 1, path: join(home, 'bin', 'java') })
  const fromPath = await find({ JAVA_HOME: broken, PATH: join(onPath, 'bin') }, FUTURE)
  expect(fromPath).toMatchObject({ foundBy: 'PATH', major: FUTURE })
  const newer = await find({ JAVA_HOME: onPath, PATH: join(home, 'bin') }, FUTURE + 1)
  expect(newer).toMatchObject({ foundBy: 'PATH', major: FUTURE + 1 })
})

test('one that would do is taken only when none is as new as preferred', async () => {
  const older = await fakeJava('older', `${FUTURE}.0.1`)
  const newer = await fakeJava('newer', `${FUTURE + 4}.0.1`)
  const both = { JAVA_HOME: older, PATH: join(newer, 'bin') }
  expect(await find(both, FUTURE, FUTURE + 4)).toMatchObject({ foundBy: 'PATH' })
  expect(await find(both, FUTURE, FUTURE + 5)).toMatchObject({ foundBy: 'JAVA_HOME' })
})

test('without a Java that will do and without pip, the error lists what was seen and what to do', async () => {
  const home = await fakeJava('home', '17.0.15')
  await expect(find({ JAVA_HOME: home, PATH: '' }, FUTURE)).rejects.toMatchObject({
    name: 'DependencyError',
    message: expect.stringMatching(/version 990 or newer is needed, JAVA_HOME has 17\.0\.15/),
    next: expect.stringContaining('JAVA_HOME'),
  })
})

async function find(env: Record<string, string>, majorMin: number, majorPreferred = majorMin) {
  const cache = await openCacheFolder(join(root, 'cache'))
  const options: FindJavaOptions = { env, majorMin, majorPreferred, cache, report: () => {} }
  return findJava(options)
}

async function fakeJava(name: string, version: string): Promise<string> {
  const bin = join(root, name, 'bin')
  await mkdir(bin, { recursive: true })
  await writeFile(join(bin, 'java'), `#!/bin/sh\necho 'openjdk version "${version}" 2026-01-01' >&2\n`)
  await chmod(join(bin, 'java'), 0o755)
  return join(root, name)
}
