/** Producer ids from the cluster (InitProducerId): under one, brokers notice what is repeated or missing (KIP-98). */
import { ErrorCode } from '@braidlog/model/nouns'
import type { Cluster } from './cluster.ts'
import type { ProducerIdentity } from './core/partition-queue.ts'
import { errorNameOf, KafkaError } from './errors.ts'

const MAX_TRANSACTION_TIMEOUT_MS = 0x7fffffff

/** @throws KafkaError when no broker hands out an id within `timeoutMs` */
export async function newProducerIdentity(cluster: Cluster, timeoutMs: number): Promise<ProducerIdentity> {
  const body = {
    transactionalId: null,
    transactionTimeoutMs: MAX_TRANSACTION_TIMEOUT_MS,
    producerId: -1,
    producerEpoch: -1,
  }
  return await cluster.call('InitProducerId', { timeoutMs }, async (call) => {
    return await cluster.retrying(call, async () => {
      const { errorCode, producerId, producerEpoch } = await cluster.request('any', 'InitProducerId', body, call)
      if (errorCode === ErrorCode.NONE) return { id: producerId, epoch: producerEpoch }
      throw new KafkaError(errorNameOf(errorCode), `InitProducerId: ${errorNameOf(errorCode)}`)
    })
  })
}
