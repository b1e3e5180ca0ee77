/**
 * The same requests to Braidlog and to Apache Kafka, with equal configurations, over every API that we serve in every
 * version: the answers must be the same field by field, but for what `normalise.ts` says is each server's own and what
 * `allowed.ts` says is meant.
 *
 * `DIFFERENTIAL_SEED` and `DIFFERENTIAL_COUNT` choose other random requests than the default ones.
 */
import assert from 'node:assert/strict'
import { inspect } from 'node:util'
import { after, before, test } from 'node:test'
import { startBraidlog } from '../peers/braidlog.ts'
import { startKafka } from '../peers/kafka.ts'
import type { PeerServer } from '../peers/server.ts'
import { cluster } from './cluster.ts'
import { configs } from './configs.ts'
import { consume } from './consume.ts'
import { groups } from './groups.ts'
import { produce } from './produce.ts'
import { randomRequests } from './random.ts'
import { topics } from './topics.ts'
import { Twins } from './twins.ts'

const properties = { 'auto.create.topics.enable': true, 'offsets.topic.num.partitions': 2 }
/** Of many differences the first tell enough. */
const SHOWN_MAX = 60

let servers: readonly [PeerServer, PeerServer]

before(async () => {
  servers = await Promise.all([startKafka({ properties }), startBraidlog({ properties })])
  using twins = new Twins(servers[0].port, servers[1].port)
  await twins.ask('FindCoordinator', 6, { keyType: 0, coordinatorKeys: ['g'] })
  await twins.untilServed('__consumer_offsets')
})
after(async () => {
  await Promise.all((servers ?? []).map((server) => server.stop()))
})

const areas = { topics, produce, consume, groups, cluster, randomRequests, configs }

for (const [name, area] of Object.entries(areas)) {
  test(`answers like Apache Kafka: ${name}`, async (t) => {
    using twins = new Twins(servers[0].port, servers[1].port)
    let failure: unknown
    await area(twins).catch((error: unknown) => (failure = error))
    t.diagnostic(`${twins.asked} questions`)
    const alike = Map.groupBy(twins.found, ({ question, path, kafka, braidlog }) =>
      JSON.stringify([question.split(' ')[0], path.replaceAll(/\d+/g, '#'), kafka, braidlog]),
    )
    const told = [...alike.values()].map((each) => {
      const { question, path, kafka, braidlog } = each[0]!
      return `${each.length} × ${question}\n    ${path}: Apache Kafka ${JSON.stringify(kafka)}, Braidlog ${JSON.stringify(braidlog)}`
    })
    if (failure !== undefined) told.unshift(inspect(failure))
    assert.equal(told.length, 0, [`${told.length} kinds of difference`, ...told.slice(0, SHOWN_MAX)].join('\n'))
  })
}
