import type { ProtocolRequest } from './kafkajs-types.ts'
import { WireReader } from './wire-reader.ts'
import { WireWriter } from './wire-writer.ts'

export interface RequestDescription<Answer> {
  readonly apiKey: number
  readonly apiVersion: number
  readonly apiName: string
  /** Size of the request, when it is known to be large. */
  readonly bytes?: number
  readonly write: (to: WireWriter) => void
  readonly read: (from: WireReader) => Answer
}

/** A request of our own in the form that kafkajs sends. Its error codes are left to the caller. */
export function protocolRequest<Answer>(description: RequestDescription<Answer>): ProtocolRequest<Answer> {
  const { apiKey, apiVersion, apiName, bytes, write, read } = description
  return {
    request: {
      apiKey,
      apiVersion,
      apiName,
      encode: async () => {
        const writer = new WireWriter(bytes)
        write(writer)
        return writer.finish()
      },
    },
    response: {
      decode: async (payload) => read(new WireReader(payload)),
      parse: async (answer) => answer,
    },
  }
}
