import type { EndpointTopics } from '@sluice/contracts'
import { formatControlRecord, partitionOfKey, type ScorerReady } from '@sluice/routing'
import { type LogWriter, RecordBatchBuilder } from '@sluice/stream'

/** Says in the control topic that a scorer can, or can no longer, score its version. */
export async function announceScorer(
  writer: LogWriter,
  topics: EndpointTopics,
  partitions: number,
  scorer: ScorerReady,
  nowMs: number,
): Promise<void> {
  const { key, value } = formatControlRecord(scorer)
  const batch = new RecordBatchBuilder()
  batch.key(key, 0, key.length)
  batch.value(value, 0, value.length)
  batch.add(nowMs)
  writer.append(topics.control, partitionOfKey(key, partitions), batch)
  await writer.flush()
}
