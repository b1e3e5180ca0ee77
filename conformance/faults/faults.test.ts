/**
 * Three brokers and three controllers on hosts of their own, three clients that write with acks=all and idempotence, and every kind of fault: nothing
 * that was acknowledged may be lost, doubled or reordered, and writes must go on.
 *
 * `FAULTS_KILLS=200 FAULTS_PAUSES=100 FAULTS_PARTITIONS=100 FAULTS_MINUTES=60 npm run conformance -- faults` for more than the
 * few of an ordinary run; `npm run faults -- --help` for any mix, and for figures.
 */
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { against } from '../peers/server.ts'
import { runCampaign, type CampaignOptions } from './campaign.ts'
import type { FaultName } from './nemesis.ts'
import { whyNoNamespaces } from './network.ts'
import { TIMEOUTS } from './timeouts.ts'

const kills = Number(process.env['FAULTS_KILLS'] ?? 4)
const pauses = Number(process.env['FAULTS_PAUSES'] ?? 2)
const partitions = Number(process.env['FAULTS_PARTITIONS'] ?? 6)
const separate = Number(process.env['FAULTS_SEPARATE'] ?? 4)
const minutes = Number(process.env['FAULTS_MINUTES'] ?? 7)
/** By each client; together they come to more than 5,000 when they hurry. */
const RECORDS_PER_SECOND = { calm: 300, hurried: 2_000 }

const KILLS = ['kill', 'kill', 'kill-controller', 'kill'] as const
const PAUSES = ['pause', 'pause-kill'] as const
const PARTITIONS = ['minority', 'mute', 'deaf', 'no-controllers', 'unplug', 'no-followers', 'minority-kill'] as const
const OTHERS = ['restart', 'restart', 'restart', 'wipe', 'full-disk'] as const

const turns = (names: readonly FaultName[], count: number): FaultName[] =>
  Array.from({ length: count }, (_, turn) => names[turn % names.length]!)

const SEPARATE = ['kill-controller', 'kill', 'no-controllers', 'restart'] as const

async function survives(
  context: TestContext,
  options: Pick<CampaignOptions, 'faults' | 'recordsPerSecond' | 'topology'>,
): Promise<void> {
  const result = await runCampaign({
    ...options,
    against,
    timeouts: TIMEOUTS.tuned,
    loads: ['braidlog', 'librdkafka', 'java'],
    say: (line) => context.diagnostic(line),
  })
  assert.deepEqual(result.failures, [])
  assert.equal(result.faultCount, options.faults.length)
  for (const { client, report } of result.clients) {
    assert.deepEqual(report.anomalies, [], client)
    assert.ok(report.acknowledgedCount > 0, client)
  }
}

const bounds = { skip: whyNoNamespaces(), timeout: minutes * 60_000 }

test(
  'through kills, pauses, partitions, restarts, a wiped and a full disk nothing is lost, doubled or reordered',
  bounds,
  async (context) => {
    const faults = [...turns(KILLS, kills), ...turns(PAUSES, pauses), ...turns(PARTITIONS, partitions), ...OTHERS]
    await survives(context, { topology: 'combined', faults, recordsPerSecond: RECORDS_PER_SECOND.calm })
  },
)

test('so it is with controllers of their own, and thousands of records a second', bounds, async (context) => {
  const faults = turns(SEPARATE, separate)
  await survives(context, { topology: 'separate', faults, recordsPerSecond: RECORDS_PER_SECOND.hurried })
})
