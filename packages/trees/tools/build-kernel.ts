/**
 * Compiles `kernel/` with AssemblyScript into `src/kernel-wasm.generated.ts`. Run it after a change of the kernel:
 * `node packages/trees/tools/build-kernel.ts`. A test compiles again and compares the bytes.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { main } from 'assemblyscript/asc'

const KERNEL = new URL('../kernel/', import.meta.url)
const GENERATED = new URL('../src/kernel-wasm.generated.ts', import.meta.url)

/** No imports, no garbage collector, no assertions: the module is nothing but the two entry points and a memory. */
const FLAGS = [
  '--runtime',
  'stub',
  '--optimizeLevel',
  '3',
  '--noAssert',
  '--enable',
  'simd',
  '--use',
  'abort=',
  '--initialMemory',
  '1',
]

export async function compileKernel(): Promise<Uint8Array> {
  let wasm: Uint8Array | undefined
  const { error, stderr } = await main(['index.ts', '--outFile', 'kernel.wasm', ...FLAGS], {
    readFile: (name, baseDir) => readKernelSource(name, baseDir),
    writeFile: (name, contents) => {
      if (name.endsWith('.wasm') && typeof contents !== 'string') wasm = contents
    },
    listFiles: () => [],
  })
  if (error !== null || wasm === undefined) throw new Error(`the kernel does not compile:\n${stderr.toString()}`)
  return wasm
}

function readKernelSource(name: string, _baseDir: string): string | null {
  try {
    return readFileSync(new URL(name, KERNEL), 'utf8')
  } catch {
    return null // the compiler asks for several spellings of a name
  }
}

export function kernelSource(wasm: Uint8Array): string {
  const lines =
    Buffer.from(wasm)
      .toString('base64')
      .match(/.{1,120}/g) ?? []
  return [
    `/** The kernels of kernel/*.ts as a WebAssembly module of ${wasm.length} bytes, base64. Written by tools/build-kernel.ts. */`,
    'export const KERNEL_WASM = [',
    ...lines.map((line) => `  '${line}',`),
    "].join('')",
    '',
  ].join('\n')
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const wasm = await compileKernel()
  writeFileSync(GENERATED, kernelSource(wasm))
  console.log(`kernel: ${wasm.length} bytes of WebAssembly`)
}
