/** FindCoordinator while the topic of the groups is being created. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { CONSUMER_OFFSETS_TOPIC, ErrorCode } from '@braidlog/model'
import { FindCoordinatorRequest, type FindCoordinatorResponse } from '@braidlog/protocol'
import type { BrokerContext } from '../src/context.ts'
import type { Exchange } from '../src/exchange.ts'
import { findCoordinatorHandler } from '../src/handlers/10-find-coordinator.ts'

it('is answered only when the partitions of the groups are led, also when another client caused their creation', async () => {
  let open: () => void = () => {}
  const opened = new Promise<void>((resolve) => (open = resolve))
  const node = { id: 1, fenced: false, endpoints: [{ name: 'PLAINTEXT', host: 'h', port: 9 }], rack: null }
  const broker = {
    image: {
      topic: (name: string) => (name === CONSUMER_OFFSETS_TOPIC ? {} : undefined),
      partition: () => ({ leader: 1 }),
      broker: () => node,
    },
    groups: { partitionFor: () => 0 },
    replicas: { settled: () => opened },
    topicCreation: { create: () => assert.fail('the topic is there already') },
  } as unknown as BrokerContext
  const answers: Partial<FindCoordinatorResponse>[] = []
  let answered: () => void = () => {}
  const done = new Promise<void>((resolve) => (answered = resolve))
  const exchange = {
    apiVersion: 3,
    clientId: 'c',
    connection: { socket: { remoteAddress: 'a' }, listenerName: 'PLAINTEXT' },
    respondWith(_message: unknown, body: Partial<FindCoordinatorResponse>) {
      answers.push(body)
      answered()
    },
    failed: (error: unknown) => assert.fail(String(error)),
  } as unknown as Exchange
  const bytes = FindCoordinatorRequest.encode({ key: 'g', keyType: 0 }, 3)
  findCoordinatorHandler(broker).handle(exchange, bytes, 0, bytes.length, undefined)
  await new Promise((resolve) => setImmediate(resolve))
  assert.equal(answers.length, 0)
  open()
  await done
  assert.deepEqual([answers[0]!.errorCode, answers[0]!.nodeId, answers[0]!.port], [ErrorCode.NONE, 1, 9])
})
