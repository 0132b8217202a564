import { expect, test } from 'vitest'
import { compileKernel } from '../tools/build-kernel.ts'
import { KERNEL_WASM } from './kernel-wasm.generated.ts'

test('the committed module is what the kernel sources compile to, byte for byte', async () => {
  const wasm = await compileKernel()
  expect(Buffer.from(wasm).toString('base64') === KERNEL_WASM, 'run `node packages/trees/tools/build-kernel.ts`').toBe(
    true,
  )
}, 60_000)
