/** Requests of random content to every API, from a seed: both servers get the same and must answer alike. */
import { below, SeededRandom, type Random } from '@braidlog/base'
import { servedApis } from '@braidlog/broker'
import { apiByKey } from '@braidlog/protocol'
import { randomValue } from '../../packages/protocol/fuzz/random-value.ts'
import { batchOf } from './batches.ts'
import { served, type Side, type Twins } from './twins.ts'

const seed = Number(process.env['DIFFERENTIAL_SEED'] ?? 1)
/** None by default: what is left to differ is in requests that make no sense, where Apache Kafka mostly fails. */
const count = Number(process.env['DIFFERENTIAL_COUNT'] ?? 0)

const NAMES = ['random', 'random-2', 'nowhere', 'group', 'range', 'consumer', '1', '', 'retention.ms', '100000']
const NUMBERS = [-2, -1, 0, 1, 2, 4, 100]
/** Not comparable, or the end of the server: what is random in itself, members, what has a suite of its own. */
const LEFT_OUT = new Set(['ApiVersions', 'JoinGroup', 'UnregisterBroker', 'UpdateFeatures', 'DescribeQuorum'])

export async function randomRequests(twins: Twins): Promise<void> {
  await twins.createTopic('random', { partitions: 2 })
  await twins.createTopic('random-2', { partitions: 1, configs: { 'cleanup.policy': 'compact' } })
  const random = new SeededRandom(seed)
  const apis = servedApis()
    .map(({ key }) => apiByKey(key)!)
    .filter(({ name }) => !LEFT_OUT.has(name))
  for (let i = 0; i < count; i++) {
    const { name, request, response } = apis[below(random, apis.length)]!
    const { versionMin, versionMax } = served(name)
    const version = versionMin + below(random, versionMax - versionMin + 1)
    const body = plausible(randomValue(request, version, random), random) as object
    if (name === 'Produce' && version < 3) continue
    const encodable = (side: Side): object => resolved(body, side) as object
    try {
      request.encode(encodable(twins.sides[0]), version)
    } catch {
      continue
    }
    await twins.ask(name, version, encodable, {
      again: /^(Describe|List|Metadata)/.test(response.name),
      silentMs: 1_500,
    })
  }
}

const TOPIC_ID = 'id of random'

/** Makes random values meet what is there, and costs small. */
function plausible(value: unknown, random: Random, key = ''): unknown {
  if (value instanceof Uint8Array) return below(random, 4) > 0 ? batchOf(['x', 'y'], { key: 'k' }) : value
  if (Array.isArray(value)) return value.map((each) => plausible(each, random, key))
  if (typeof value === 'string') {
    if (/id$/i.test(key) && value.length === 22) return below(random, 2) === 0 ? TOPIC_ID : value
    return below(random, 4) > 0 ? NAMES[below(random, NAMES.length)]! : value
  }
  if (typeof value === 'number') {
    if (key === 'maxWaitMs') return below(random, 20)
    if (/timeout/i.test(key)) return 1_000 + below(random, 20)
    if (/numPartitions|^count/.test(key) || below(random, 4) > 0) return NUMBERS[below(random, 5)]!
    return value
  }
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, plausible(each, random, name)]))
}

function resolved(value: unknown, side: Side): unknown {
  if (value === TOPIC_ID) return side.topicId('random')
  if (value instanceof Uint8Array || typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map((each) => resolved(each, side))
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, resolved(each, side)]))
}
