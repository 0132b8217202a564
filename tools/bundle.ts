/**
 * Bundles the services and the command line for the image: one file per entry, and of the dependencies only the native
 * inference runtime of this platform. Run: `node tools/bundle.ts --out dist`.
 */
import { cpSync, existsSync, mkdirSync, rmSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { build, type Plugin } from 'esbuild'

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..')
const ENTRIES = {
  router: 'services/router/src/main.ts',
  scorer: 'services/scorer/src/main.ts',
  sluice: 'packages/cli/src/main.ts',
  'onnx-worker': 'packages/onnx/src/onnx-worker.ts',
}
/** Loaded at run time: native code, and what only `sluice up` needs, which has no place in an image. */
const EXTERNAL = ['onnxruntime-node', 'testcontainers', 'mvn-artifact-download', '@sluice/local-stack']
/** Some dependencies are CommonJS inside and expect these. */
const BANNER = [
  `import { createRequire as bundleRequire } from 'node:module'`,
  `import { dirname as bundleDirname } from 'node:path'`,
  `import { fileURLToPath as bundlePath } from 'node:url'`,
  `const require = bundleRequire(import.meta.url), __filename = bundlePath(import.meta.url), __dirname = bundleDirname(__filename)`,
].join('\n')

/** A worker is started from a file of its own, which in the bundle has another name. */
const workerFile: Plugin = {
  name: 'worker file',
  setup: ({ onLoad }) => {
    onLoad({ filter: /worker-client\.ts$/ }, async ({ path }) => {
      const { readFile } = await import('node:fs/promises')
      const source = await readFile(path, 'utf8')
      if (!source.includes('./onnx-worker.ts')) throw new Error(`${path} does not start ./onnx-worker.ts any more`)
      return { contents: source.replace('./onnx-worker.ts', './onnx-worker.mjs'), loader: 'ts' }
    })
  },
}

/** Writes the bundle into a folder, which is emptied first. */
export async function bundle(out: string): Promise<void> {
  rmSync(out, { recursive: true, force: true })
  mkdirSync(out, { recursive: true })
  await build({
    entryPoints: Object.entries(ENTRIES).map(([name, file]) => ({ in: join(ROOT, file), out: name })),
    outdir: out,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    external: EXTERNAL,
    banner: { js: BANNER },
    plugins: [workerFile],
    logLevel: 'warning',
  })
  copyRuntime(out)
  cpSync(join(ROOT, 'schemas'), join(out, 'schemas'), { recursive: true, filter: (path) => !path.includes('vectors') })
}

/** onnxruntime-node carries binaries for every platform, 290 MB of them; the image needs one. */
function copyRuntime(out: string): void {
  for (const name of ['onnxruntime-node', 'onnxruntime-common']) {
    const from = join(ROOT, 'node_modules', name)
    const binaries = join(from, 'bin', 'napi-v6')
    const mine = join(binaries, process.platform, process.arch)
    if (name === 'onnxruntime-node' && !existsSync(mine)) throw new Error(`onnxruntime-node has no binary at ${mine}`)
    cpSync(from, join(out, 'node_modules', name), {
      recursive: true,
      filter: (path) => !path.startsWith(binaries) || mine.startsWith(path) || path.startsWith(mine),
    })
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { out } = parseArgs({ options: { out: { type: 'string', default: 'dist' } } }).values
  await bundle(resolve(out))
  console.log(`bundled into ${out}`)
}
