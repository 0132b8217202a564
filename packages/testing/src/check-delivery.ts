import { DEAD_LETTER_HEADERS, type EndpointTopics, HEADERS } from '@sluice/contracts'
import type { ReadRecord } from './read-topic.ts'

/** What the checker is given: every record of an endpoint's topics, read after the platform has come to rest. */
export interface DeliveryLogs {
  readonly topics: EndpointTopics
  readonly events: readonly ReadRecord[]
  readonly predictions: readonly ReadRecord[]
  readonly deadLetters: readonly ReadRecord[]
  /** Exactly-once allows no repeats at all; at-least-once wants them identical. */
  readonly delivery: 'at_least_once' | 'exactly_once'
  /** The version that must have scored an event, when the test knows it. */
  readonly versionOf?: (event: ReadRecord, planGeneration: number) => number
}

export interface DeliveryReport {
  readonly violations: readonly string[]
  readonly events: number
  readonly predicted: number
  readonly deadLettered: number
  readonly skipped: number
  /** Predictions that came again. */
  readonly duplicates: number
  /** Events that were routed twice, before and after a change of plan: the price of at-least-once around a crash. */
  readonly reassigned: number
}

const VIOLATIONS_MAX = 20

/**
 * Holds what came out against what went in: every event ends as exactly one live prediction, one dead letter or one skip
 * (a tombstone); predictions of one version and partition come in the order of their events; a repeat has the bytes of the
 * first; nothing appears that no event caused. A pure function of the logs, independent of the code under test but for ids.
 */
export function checkDelivery(logs: DeliveryLogs): DeliveryReport {
  const violations: string[] = []
  const say = (text: string): void => {
    if (violations.length < VIOLATIONS_MAX) violations.push(text)
  }
  const events = new Map(logs.events.map((e) => [`${e.partition}:${e.offset}`, e]))
  const predicted = new Map<string, { readonly version: number; readonly plan: number; readonly value: Uint8Array }>()
  const highest = new Map<string, bigint>()
  let duplicates = 0
  const reassigned = new Set<string>()
  const late: { readonly origin: string; readonly text: string }[] = []
  for (const prediction of logs.predictions) {
    const origin = prediction.header(HEADERS.origin) ?? '(no origin)'
    const event = events.get(origin)
    if (event === undefined) {
      say(`prediction ${prediction.partition}/${prediction.offset} comes from ${origin}, which is no event`)
      continue
    }
    if (event.partition !== prediction.partition) say(`${origin} was predicted in partition ${prediction.partition}`)
    if (!sameBytes(event.key, prediction.key)) say(`the prediction of ${origin} has another key`)
    const version = versionIn(prediction.value!)
    const plan = Number(prediction.header(HEADERS.plan))
    if (logs.versionOf !== undefined && logs.versionOf(event, plan) !== version) {
      say(`${origin} was scored by version ${version}; plan ${plan} says ${logs.versionOf(event, plan)}`)
    }
    const first = predicted.get(origin)
    if (first !== undefined) {
      duplicates++
      if (logs.delivery === 'exactly_once') say(`${origin} was predicted twice`)
      // At least once means that an event may be routed again after a crash, and the plan may have changed in between.
      if (first.plan !== plan) reassigned.add(origin)
      else if (first.version !== version) say(`${origin} was predicted by versions ${first.version} and ${version}`)
      else if (!sameBytes(first.value, prediction.value)) say(`the repeated prediction of ${origin} has other bytes`)
      continue
    }
    predicted.set(origin, { version, plan, value: prediction.value! })
    const lane = `${plan}/${version}/${prediction.partition}`
    if (event.offset <= (highest.get(lane) ?? -1n))
      late.push({ origin, text: `${origin} of version ${version} came after a later event` })
    highest.set(lane, event.offset)
  }
  // An event that was routed twice lies in two version topics, and either prediction may come first.
  for (const { origin, text } of late) if (!reassigned.has(origin)) say(text)
  const dead = new Set<string>()
  for (const letter of logs.deadLetters) {
    const topic = letter.header(DEAD_LETTER_HEADERS.topic)
    const origin =
      topic === logs.topics.events
        ? `${letter.header(DEAD_LETTER_HEADERS.partition)}:${letter.header(DEAD_LETTER_HEADERS.offset)}`
        : (letter.header(HEADERS.origin) ?? '(no origin)')
    const event = events.get(origin)
    if (event === undefined)
      say(`dead letter ${letter.partition}/${letter.offset} comes from ${origin}, which is no event`)
    else if (!sameBytes(event.value, letter.value) || !sameBytes(event.key, letter.key))
      say(`the dead letter of ${origin} has other bytes`)
    if (predicted.has(origin)) say(`${origin} is both predicted and a dead letter`)
    if (dead.has(origin) && logs.delivery === 'exactly_once') say(`${origin} is a dead letter twice`)
    dead.add(origin)
  }
  let skipped = 0
  for (const [origin, event] of events) {
    if (predicted.has(origin) || dead.has(origin)) continue
    if (event.value === null) skipped++
    else say(`${origin} is neither predicted nor a dead letter`)
  }
  return {
    violations,
    events: events.size,
    predicted: predicted.size,
    deadLettered: dead.size,
    skipped,
    duplicates,
    reassigned: reassigned.size,
  }
}

/** The version out of a prediction's id, which is the first string of the record: frame, length, `<endpoint>.<version>.…`. */
function versionIn(value: Uint8Array): number {
  const text = new TextDecoder('latin1').decode(value.subarray(5, 160))
  return Number(/[a-z0-9_-]+\.(\d+)\.\d+\.\d+/.exec(text)?.[1] ?? Number.NaN)
}

function sameBytes(a: Uint8Array | null, b: Uint8Array | null): boolean {
  if (a === null || b === null) return a === b
  return Buffer.compare(a, b) === 0
}
