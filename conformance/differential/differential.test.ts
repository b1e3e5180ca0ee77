/**
 * The same requests to Braidlog and to Apache Kafka, with equal configurations, over every API that we serve in every
 * version: the answers must be the same field by field, but for what `normalise.ts` says is each server's own and what
 * `allowed.ts` says is meant.
 *
 * `DIFFERENTIAL_SEED` and `DIFFERENTIAL_COUNT` ask that many random requests besides.
 */
import assert from 'node:assert/strict'
import { inspect } from 'node:util'
import { after, before, test } from 'node:test'
import { startBraidlog } from '../peers/braidlog.ts'
import { startKafka } from '../peers/kafka.ts'
import { eventually } from '../peers/process.ts'
import type { PeerServer } from '../peers/server.ts'
import { cluster } from './cluster.ts'
import { configs } from './configs.ts'
import { consume } from './consume.ts'
import { groups } from './groups.ts'
import { produce } from './produce.ts'
import { randomRequests } from './random.ts'
import { topics } from './topics.ts'
import { Twins } from './twins.ts'

const properties = {
  'auto.create.topics.enable': true,
  'offsets.topic.num.partitions': 2,
  'transaction.state.log.replication.factor': 1,
  'transaction.state.log.min.isr': 1,
  'transaction.state.log.num.partitions': 4,
  'share.coordinator.state.topic.replication.factor': 1,
  'share.coordinator.state.topic.min.isr': 1,
}
/** Apache Kafka looks into every record; we do where a rule needs it, or when told to. */
const asStrict = { 'braidlog.record.validation': 'strict' }
/** Of many differences the first tell enough. */
const SHOWN_MAX = 60

let servers: readonly [PeerServer, PeerServer]

before(async () => {
  servers = await Promise.all([
    startKafka({ properties }),
    startBraidlog({ properties: { ...properties, ...asStrict } }),
  ])
  using twins = new Twins(servers[0].port, servers[1].port)
  await twins.ask('FindCoordinator', 6, { keyType: 0, coordinatorKeys: ['g'] })
  await twins.untilServed('__consumer_offsets')
  // A broker fetches its first producer ids when it is first asked for one.
  await eventually(async () => {
    const answers = await twins.ask('InitProducerId', 4, { transactionalId: null, transactionTimeoutMs: 60_000 })
    return answers.every((answer) => (answer as { errorCode: number }).errorCode === 0) ? true : undefined
  }, 'both give out producer ids')
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
