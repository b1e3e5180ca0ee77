/** DescribeLogDirs (API key 35): the data directory, how full it is and what its partitions take. */
import { AclOperation, ErrorCode } from '@braidlog/model'
import type { Partition } from '@braidlog/partition'
import { DescribeLogDirsRequest, DescribeLogDirsResponse } from '@braidlog/protocol'
import { clusterGuard } from '../access.ts'
import type { BrokerContext } from '../context.ts'
import { api, type ApiHandler } from '../handler.ts'

export function describeLogDirsHandler(broker: BrokerContext): ApiHandler {
  return api(
    DescribeLogDirsRequest,
    DescribeLogDirsResponse,
    (request) => {
      const wanted = request.topics && new Map(request.topics.map((each) => [each.topic, new Set(each.partitions)]))
      const byTopic = new Map<string, Partition[]>()
      let offline = false
      for (const replica of broker.partitions.all()) {
        offline ||= replica.log.offline !== undefined
        const { topic, partition } = replica.log
        if (wanted !== null && !wanted.get(topic)?.has(partition)) continue
        const known = byTopic.get(topic)
        if (known === undefined) byTopic.set(topic, [replica])
        else known.push(replica)
      }
      const { totalBytes, usableBytes } = broker.diskSpace()
      return {
        results: [
          {
            errorCode: offline ? ErrorCode.KAFKA_STORAGE_ERROR : ErrorCode.NONE,
            logDir: broker.directory,
            topics: [...byTopic].map(([name, replicas]) => ({
              name,
              partitions: replicas.map(({ log }) => ({
                partitionIndex: log.partition,
                partitionSize: log.sizeBytes,
                offsetLag: 0,
                isFutureKey: false,
              })),
            })),
            totalBytes,
            usableBytes,
            isCordoned: false,
          },
        ],
      }
    },
    {
      guard: clusterGuard(AclOperation.DESCRIBE, () => ({ errorCode: ErrorCode.CLUSTER_AUTHORIZATION_FAILED })),
    },
  )
}
