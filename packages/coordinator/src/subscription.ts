/**
 * The topics named by the opaque metadata of a member of the `consumer` protocol. A coordinator looks at them for one
 * purpose: offsets of a topic that nobody in a stable group subscribes to any more may expire or be deleted (KIP-211).
 *
 * Read as version 0, which is the prefix of every later version, so newer clients are understood too.
 */
import { ConsumerProtocolSubscription, ProtocolError, Reader } from '@braidlog/protocol'

export const CONSUMER_PROTOCOL_TYPE = 'consumer'

/** @returns `undefined` when the bytes are no subscription: some clients put their own format here. */
export function subscribedTopics(metadata: Uint8Array): readonly string[] | undefined {
  try {
    const reader = new Reader(metadata)
    if (reader.int16() < 0) return undefined
    return ConsumerProtocolSubscription.read(reader, 0).topics
  } catch (error) {
    if (error instanceof ProtocolError) return undefined
    throw error
  }
}
