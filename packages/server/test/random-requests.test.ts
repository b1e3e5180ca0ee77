/**
 * Every API in every version with random content: whatever a client sends is answered in its version or closes that
 * client's connection, and nothing of it is a failure of ours.
 */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { below, SeededRandom, silentLogger, type Random } from '@braidlog/base'
import { ErrorCode } from '@braidlog/model'
import { servedApis } from '@braidlog/broker'
import { apiByKey, ApiVersionsRequest, ApiVersionsResponse, decodeResponse } from '@braidlog/protocol'
import { randomValue } from '../../protocol/fuzz/random-value.ts'
import { batchOf, createTopic, produce, startNode } from './node.ts'

const NAMES = [
  'a',
  'compacted',
  'group',
  'range',
  'consumer',
  '1',
  '',
  'retention.ms',
  'PLAINTEXT',
  '__consumer_offsets',
]
const NUMBERS = [-2, -1, 0, 1, 2, 4, 100]
/** Changes that would end the life of the node under test: the only broker, or the level of its features. */
const UNREGISTER_BROKER = 64
const UPDATE_FEATURES = 57

/** Makes random values meet what is there: names, ids, small numbers, whole batches. */
function plausible(value: unknown, random: Random, topicId: string, key = ''): unknown {
  if (value instanceof Uint8Array) return below(random, 2) === 0 ? batchOf(['x', 'y'], { key: 'k' }) : value
  if (Array.isArray(value)) return value.map((each) => plausible(each, random, topicId, key))
  if (typeof value === 'string') {
    if (/id$/i.test(key) && value.length === 22) return below(random, 2) === 0 ? topicId : value
    return below(random, 3) > 0 ? NAMES[below(random, NAMES.length)]! : value
  }
  if (typeof value === 'number') {
    if (key === 'maxWaitMs' || /timeout/i.test(key)) return below(random, 20)
    // Large numbers of these cost time instead of being refused.
    if (/numPartitions|count/.test(key) || below(random, 3) > 0) return NUMBERS[below(random, NUMBERS.length)]!
    return value
  }
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, plausible(each, random, topicId, name)]))
}

async function sendRandomRequests(seed: number, rounds: number): Promise<void> {
  const failures: unknown[] = []
  const logger = { ...silentLogger, error: (message: string, fields?: object) => failures.push({ message, ...fields }) }
  await using node = await startNode({ 'auto.create.topics.enable': false }, { logger })
  const { topicId } = await createTopic(node.client, 'a', { partitions: 2 })
  await createTopic(node.client, 'compacted', { configs: { 'cleanup.policy': 'compact' } })
  const random = new SeededRandom(seed)
  const apis = servedApis().filter(({ key }) => key !== UNREGISTER_BROKER && key !== UPDATE_FEATURES)
  let answered = 0
  for (let round = 0; round < rounds; round++) {
    const { key, versionMin, versionMax } = apis[below(random, apis.length)]!
    const api = apiByKey(key)!
    const version = versionMin + below(random, versionMax - versionMin + 1)
    const body = plausible(randomValue(api.request, version, random), random, topicId)
    const client = await node.connect()
    const what = `${api.name} v${version} ${JSON.stringify(body)}`
    try {
      client.send(api.request, version, body as object)
    } catch {
      client.close()
      continue
    }
    // Whatever waits for something that may never come is left alone after others have been served.
    let done = false
    const waited = (async () => {
      for (let i = 0; i < 30 && !done; i++) await node.client.call(ApiVersionsRequest, ApiVersionsResponse, 0, {})
    })()
    const frame = await Promise.race([client.frame(), waited])
    done = true
    await waited
    if (frame instanceof Uint8Array) {
      decodeResponse(api.response, version, frame)
      answered++
    }
    client.close()
    assert.deepEqual(failures, [], what)
  }
  assert(answered > rounds / 3, `${answered} of ${rounds} answered`)
  const { errorCode } = await produce(node.client, 'a', batchOf(['still here'], { key: 'k' }))
  assert(
    [ErrorCode.NONE, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION].some((code) => code === errorCode),
    String(errorCode),
  )
}

const seed = Number(process.env['BRAIDLOG_SEED'] ?? 1)
const rounds = Number(process.env['BRAIDLOG_ROUNDS'] ?? 300)

it(`no random request makes the node fail (seed ${seed}, ${rounds} requests)`, () => sendRandomRequests(seed, rounds))
