import { type Clock, type EndpointTopics, invariant, type RecordFault } from '@sluice/contracts'
import type { CompiledPlan } from '@sluice/routing'
import {
  DeadLetters,
  type HeaderSpan,
  OutputBatches,
  type Slab,
  slabOffset,
  type Telemetry,
  type UnitOfWork,
} from '@sluice/stream'
import { AttemptedPlans } from './attempted-plans.ts'
import { OriginHeader } from './origin-header.ts'
import { pinnedGeneration } from './pinned-plan.ts'
import { type PlanTargets, planTargets, type Target } from './plan-targets.ts'
import { RouteTally } from './route-tally.ts'

/** The plans a router goes by. */
export interface Plans {
  /** The plan in force; routing does not start before there is one. */
  readonly current: CompiledPlan | undefined
  /** A plan by generation, as long as it is remembered. */
  plan(generation: number): CompiledPlan | undefined
}

export interface SlabRouterOptions {
  readonly endpoint: string
  readonly topics: EndpointTopics
  readonly plans: Plans
  readonly clock: Clock
  readonly telemetry: Telemetry
  /** Larger values become dead letters. */
  readonly maxValueBytes: number
  /** Largest batch that a version topic accepts, in bytes. */
  readonly maxBatchBytes: number
}

/**
 * Copies the records of slabs to the topics of the versions that score them. Only the key is looked at; key, value and
 * headers are copied as bytes, `sluice-origin`, `sluice-plan` and `sluice-mode` come after them. A record stays in the
 * partition it came in, and records of one partition keep their order in every output.
 *
 * A record ends in one of three ways: copied to one variant and to every shadow that samples it, one dead letter, or one
 * counted skip. The plan changes between two slabs, never within one.
 */
export class SlabRouter {
  readonly #options: SlabRouterOptions
  readonly #attempts = new AttemptedPlans()
  readonly #targets = new WeakMap<CompiledPlan, PlanTargets>()
  readonly #origin = new OriginHeader()
  readonly #pinned: HeaderSpan = { start: 0, length: 0 }
  readonly #deadLetters: DeadLetters
  #outputs: OutputBatches
  #plan: CompiledPlan | undefined

  constructor(options: SlabRouterOptions) {
    this.#options = options
    this.#deadLetters = new DeadLetters(options.topics.deadLetters, 'router')
    this.#outputs = new OutputBatches(options.maxBatchBytes)
  }

  /**
   * Appends the outputs of all slabs to the unit of work. The caller advances and commits it, and calls what is returned
   * after the commit; without a commit it hands the same records in again.
   */
  route(slabs: readonly Slab[], work: UnitOfWork): () => void {
    const current = this.#options.plans.current
    invariant(current !== undefined, 'routing does not start before the first plan')
    // The buffers of versions that no longer get events go with their plan.
    if (this.#plan !== current) this.#outputs = new OutputBatches(this.#options.maxBatchBytes)
    this.#plan = current
    this.#outputs.begin(work)
    this.#deadLetters.begin(work)
    const tally = new RouteTally(this.#options.endpoint)
    for (const slab of slabs) this.#routeSlab(slab, current, tally)
    this.#outputs.flush()
    this.#deadLetters.flush()
    return () => {
      for (const slab of slabs) this.#attempts.committed(slab.partition)
      tally.report(this.#options.telemetry)
    }
  }

  #routeSlab(slab: Slab, current: CompiledPlan, tally: RouteTally): void {
    const { plans, maxValueBytes } = this.#options
    const isRepeat = !this.#attempts.isClear(slab.partition)
    this.#attempts.attempted(slab.partition, slab.nextOffset, current)
    this.#origin.partition(slab.partition)
    for (let i = 0; i < slab.count; i++) {
      const valueLength = slab.valueLengths[i]!
      if (valueLength < 0) {
        tally.skip('tombstone')
        continue
      }
      if (valueLength > maxValueBytes) {
        this.#bury(slab, i, { code: 'E_VALUE_TOO_LARGE', at: `${valueLength} bytes` }, tally)
        continue
      }
      let plan = current
      if (isRepeat) plan = this.#attempts.planFor(slab.partition, slabOffset(slab, i), current)
      const pinned = pinnedGeneration(slab, i, this.#pinned)
      if (pinned !== 0) plan = plans.plan(pinned) ?? plan
      this.#routeRecord(slab, i, this.#targetsOf(plan), tally)
    }
  }

  #routeRecord(slab: Slab, index: number, targets: PlanTargets, tally: RouteTally): void {
    const keyStart = slab.keyStarts[index]!
    const keyLength = slab.keyLengths[index]!
    this.#origin.offset(slab.baseOffset, slab.offsetDeltas[index]!)
    const headerBytes = slab.headerLengths[index]! + this.#origin.length + targets.maxHeaderBytes
    const target = targets.variants[targets.plan.variantIndex(slab.bytes, keyStart, keyLength)]!
    // All targets are asked for the same room, so a record that fits here fits everywhere: all copies or none.
    if (!this.#copy(slab, index, target, headerBytes)) {
      this.#bury(slab, index, { code: 'E_OUTPUT_TOO_LARGE', at: `${headerBytes} bytes of headers` }, tally)
      return
    }
    tally.routed(target)
    if (keyLength < 0) tally.unassigned++
    if (targets.shadows.length === 0) return
    const bucket = targets.plan.shadowBucket(slab.bytes, keyStart, keyLength)
    for (const shadow of targets.shadows) {
      if (bucket >= shadow.percentBp) continue
      const copied = this.#copy(slab, index, shadow, headerBytes)
      invariant(copied, 'what fitted for the variant fits for its shadow')
      tally.routed(shadow)
    }
  }

  /** False when no batch can ever carry the record. */
  #copy(slab: Slab, index: number, target: Target, headerBytes: number): boolean {
    const keyLength = slab.keyLengths[index]!
    const valueLength = slab.valueLengths[index]!
    const builder = this.#outputs.room(target.topic, slab.partition, keyLength, valueLength, headerBytes)
    if (builder === undefined) return false
    builder.key(slab.bytes, slab.keyStarts[index]!, keyLength)
    builder.value(slab.bytes, slab.valueStarts[index]!, valueLength)
    builder.headers(slab.bytes, slab.headerStarts[index]!, slab.headerLengths[index]!, slab.headerCounts[index]!)
    builder.extraHeaders(this.#origin)
    builder.extraHeaders(target.headers)
    builder.add(slab.timestamps[index]!)
    return true
  }

  #bury(slab: Slab, index: number, fault: RecordFault, tally: RouteTally): void {
    this.#deadLetters.add(slab, index, fault, this.#options.clock.nowMs())
    tally.deadLetter(fault.code)
  }

  #targetsOf(plan: CompiledPlan): PlanTargets {
    let targets = this.#targets.get(plan)
    if (targets === undefined) {
      targets = planTargets(plan, this.#options.topics)
      this.#targets.set(plan, targets)
    }
    return targets
  }
}
