/** Whatever is asked of a node is answered in the version of the request, and does it no harm. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { below, SeededRandom, type Random } from '@braidlog/base'
import { CLUSTER_METADATA_TOPIC, METADATA_TOPIC_ID } from '@braidlog/model'
import { apiByName } from '@braidlog/protocol'
import { randomValue } from '../../protocol/fuzz/random-value.ts'
import { QUORUM_APIS } from '../src/index.ts'
import { settle, TestCluster, type TestNode } from './cluster.ts'

const ROUNDS = 1500

/** Makes random values meet what is there: the topic, the nodes, epochs about the one that is. */
function plausible(value: unknown, random: Random, node: TestNode, key = ''): unknown {
  if (Array.isArray(value)) {
    const some = value.length > 1 && below(random, 3) > 0 ? value.slice(0, 1) : value
    return some.map((each) => plausible(each, random, node, key))
  }
  if (typeof value === 'object' && value !== null && !(value instanceof Uint8Array))
    return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, plausible(each, random, node, name)]))
  if (/^(topic|topicName|name)$/.test(key)) return below(random, 10) > 0 ? CLUSTER_METADATA_TOPIC : value
  if (key === 'topicId') return METADATA_TOPIC_ID
  if (key === 'clusterId') return below(random, 8) > 0 ? 'cluster' : value
  if (/directoryId$/i.test(key)) return below(random, 2) > 0 ? node.directoryId : value
  if (/^partition(Index)?$/.test(key)) return below(random, 20) > 0 ? 0 : value
  // Greater steps would only bring the end of the range of epochs nearer.
  if (/epoch$/i.test(key)) return Math.max(-1, node.raft!.epoch + below(random, 5) - 3)
  if (/id$/i.test(key) && typeof value === 'number') return [1, 2, 3, 4, -1, value][below(random, 6)]
  if (/offset|position|watermark/i.test(key) && below(random, 4) > 0)
    return Math.max(0, node.raft!.endOffset + below(random, 4) - 2)
  if (/wait|timeout/i.test(key)) return below(random, 500)
  return value
}

for (const dynamic of [false, true]) {
  test(`random requests to a ${dynamic ? 'dynamic' : 'static'} quorum`, async () => {
    const random = new SeededRandom(7)
    const cluster = await TestCluster.start({ voters: dynamic ? 1 : 3, observers: 1, dynamic })
    await cluster.append(await cluster.untilLed(), 'before')
    for (let round = 0; round < ROUNDS; round++) {
      const node = cluster.nodes[below(random, cluster.nodes.length)]!
      const name = QUORUM_APIS[below(random, QUORUM_APIS.length)]!
      const api = apiByName(name)!
      const version = api.versionMin + below(random, api.versionMaxStable - api.versionMin + 1)
      const value = plausible(randomValue(api.request, version, random), random, node)
      let bytes: Uint8Array
      try {
        bytes = api.request.encode(value as object, version)
      } catch {
        continue // What was made plausible is not in this version.
      }
      let answered = false
      void node.raft!.handleRequest(name, api.request.decode(bytes, version) as never, version).then((answer) => {
        api.response.encode(answer, version)
        answered = true
      })
      await settle()
      if (below(random, 4) === 0) await cluster.time.until(() => answered, `${name} is answered`)
    }
    for (const node of cluster.nodes) assert.deepEqual(node.seen.failures, [])
    await cluster.time.pass(10_000)
    const leader = await cluster.untilLed()
    await cluster.append(leader, 'after')
    await cluster.close()
  })
}
