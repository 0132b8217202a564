import { applyControl, type ControlState, EMPTY_CONTROL_STATE, readControlRecord } from '@sluice/routing'
import { type Log, slabKey, slabValue } from '@sluice/stream'
import { readRanges, wholeTopic } from './read-range.ts'

/** What an endpoint's control topic says now. */
export async function readControl(log: Log, topic: string, signal: AbortSignal): Promise<ControlState> {
  let state = EMPTY_CONTROL_STATE
  await readRanges({
    log,
    ranges: await wholeTopic(log, topic),
    signal,
    visit: (slab, count) => {
      for (let i = 0; i < count; i++) {
        state = applyControl(state, readControlRecord(slabKey(slab, i), slabValue(slab, i))).state
      }
      return true
    },
  })
  return state
}
