/** Keeps servers busy for a moment, so that what is measured then does not pay for compilers at work. */
import type { PeerServer } from '../conformance/peers/server.ts'
import { consumeRdkafka, produceRdkafka } from './loads/rdkafka.ts'
import { lanesOf, replay } from './replay/replay.ts'
import { withTopic } from './topics.ts'

/** Small requests and large ones, produce and fetch. */
export async function warmUp(servers: readonly PeerServer[], effort = 1): Promise<void> {
  for (const server of servers) {
    await withTopic(server, 'warm-up', 4, async () => {
      const load = { topic: 'warm-up', records: 100_000 * effort, recordSizeBytes: 1024, acks: 'all' } as const
      await produceRdkafka(server, { ...load, batches: '16KiB' })
      await consumeRdkafka(server, load)
      const small = { kind: 'produce', acks: -1, batch: { recordCount: 1, recordSizeBytes: 100 }, width: 1 } as const
      const lanes = lanesOf(server, 'warm-up', 4, { ...small, connections: 8 })
      await replay([server.pid], { lanes, warmUpMs: 1500 * effort, measureMs: 10 })
    })
  }
}
