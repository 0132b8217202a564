import type { ProtocolRequest } from './kafkajs-types.ts'
import { protocolRequest } from './protocol-request.ts'

/** IncrementalAlterConfigs v0 (Kafka 2.3): changes the entries it names and no others, which AlterConfigs does not. */
const API_KEY = 44
const API_VERSION = 0
export const TOPIC_RESOURCE = 2
const OPERATION_SET = 0

export interface AlteredResource {
  readonly name: string
  readonly errorCode: number
  readonly errorMessage: string | null
}

export function alterTopicConfigRequest(
  topic: string,
  config: Readonly<Record<string, string>>,
): ProtocolRequest<readonly AlteredResource[]> {
  return protocolRequest({
    apiKey: API_KEY,
    apiVersion: API_VERSION,
    apiName: 'IncrementalAlterConfigs',
    write: (to) => {
      to.array([topic], (name) => {
        to.int8(TOPIC_RESOURCE).string(name)
        to.array(Object.entries(config), ([key, value]) => to.string(key).int8(OPERATION_SET).string(value))
      })
      to.int8(0) // Not only validate.
    },
    read: (from) => {
      from.int32() // Throttle time.
      return from.array(() => {
        const errorCode = from.int16()
        const errorMessage = from.string()
        from.int8() // Resource type.
        return { errorCode, errorMessage, name: from.string() ?? '' }
      })
    },
  })
}
