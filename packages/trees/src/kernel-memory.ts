import { KERNEL_WASM } from './kernel-wasm.generated.ts'
import { ModelFault } from './model-fault.ts'
import { MEMORY_BYTES_MAX } from './model-limits.ts'

const PAGE_BYTES = 65_536
const VECTOR_BYTES = 16
const CACHE_LINE_BYTES = 64

/** The part of the WebAssembly interface used here; Node's type definitions leave it to those of browsers. */
interface WasmMemory {
  readonly buffer: ArrayBuffer
  grow(pages: number): number
}
interface WasmInterface {
  readonly Module: new (bytes: Uint8Array) => object
  readonly Instance: new (module: object, imports: object) => { readonly exports: unknown }
}
const { Module, Instance } = (globalThis as unknown as { WebAssembly: WasmInterface }).WebAssembly

interface KernelExports {
  readonly memory: WasmMemory
  scoreSliced(model: number, block: number, rows: number): void
  scoreWalk(model: number, block: number, from: number, to: number): void
}

/**
 * One instance of the kernels with its memory, handed out from the bottom up and never given back: a model is loaded
 * once, its batches are allocated once, and closing the model drops the instance.
 *
 * Growing replaces the buffer, so the typed arrays are getters: fetch them again after every `allocate`.
 */
export class KernelMemory {
  readonly kernels: KernelExports
  #top = PAGE_BYTES // address 0 stays unused, so that 0 can mean "none" in the tables
  #views: MemoryViews

  constructor() {
    const module = new Module(Buffer.from(KERNEL_WASM, 'base64'))
    this.kernels = new Instance(module, {}).exports as KernelExports
    this.#views = viewsOf(this.kernels.memory)
  }

  /** Address of `bytes` zeroed bytes. */
  allocate(bytes: number): number {
    const alignment = bytes < CACHE_LINE_BYTES ? VECTOR_BYTES : CACHE_LINE_BYTES
    const address = Math.ceil(this.#top / alignment) * alignment
    const top = address + bytes
    if (top > MEMORY_BYTES_MAX) {
      throw new ModelFault('E_MODEL_TOO_LARGE', 'memory', `${top} bytes needed, at most ${MEMORY_BYTES_MAX}`)
    }
    const size = this.kernels.memory.buffer.byteLength
    // A quarter more than needed, so that many small tables do not grow the memory one by one.
    if (top > size) this.kernels.memory.grow(Math.ceil((top - size + size / 4) / PAGE_BYTES))
    this.#top = top
    return address
  }

  /** Bytes handed out so far. */
  get used(): number {
    return this.#top - PAGE_BYTES
  }

  get f32(): Float32Array {
    return this.#current().f32
  }

  get u32(): Uint32Array {
    return this.#current().u32
  }

  get u16(): Uint16Array {
    return this.#current().u16
  }

  get u8(): Uint8Array {
    return this.#current().u8
  }

  #current(): MemoryViews {
    if (this.#views.u8.buffer !== this.kernels.memory.buffer) this.#views = viewsOf(this.kernels.memory)
    return this.#views
  }
}

interface MemoryViews {
  readonly f32: Float32Array
  readonly u32: Uint32Array
  readonly u16: Uint16Array
  readonly u8: Uint8Array
}

function viewsOf({ buffer }: WasmMemory): MemoryViews {
  return {
    f32: new Float32Array(buffer),
    u32: new Uint32Array(buffer),
    u16: new Uint16Array(buffer),
    u8: new Uint8Array(buffer),
  }
}
