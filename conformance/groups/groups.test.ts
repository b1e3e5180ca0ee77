/**
 * The classic group protocol, step by step against Apache Kafka: both get the same random requests and must answer alike.
 *
 * A difference is a bug of ours, or one of the few that `packages/coordinator/SPEC.md` lists, which the sequences avoid.
 * `GROUPS_SEED` and `GROUPS_COUNT` choose other sequences than the default ones.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  CreateTopicsRequest,
  CreateTopicsResponse,
  FindCoordinatorRequest,
  FindCoordinatorResponse,
} from '@braidlog/protocol'
import { startBraidlog } from '../peers/braidlog.ts'
import { startKafka } from '../peers/kafka.ts'
import { eventually } from '../peers/process.ts'
import type { PeerServer } from '../peers/server.ts'
import { runSequence, warmUp, type Outcome } from './sequence.ts'
import { wirePeer, type Peer } from './wire.ts'

const seedFirst = Number(process.env['GROUPS_SEED'] ?? 1)
const count = Number(process.env['GROUPS_COUNT'] ?? 24)
/** Sequences mostly wait, so several run at once. */
const concurrency = 24

/** Longer than a phase of requests, see `sequence.ts`. */
const delays = [0, 2_000]

for (const delayMs of delays) {
  test(`answers like Apache Kafka's, initial rebalance delay ${delayMs} ms`, async () => {
    const properties = { 'group.min.session.timeout.ms': 100, 'group.initial.rebalance.delay.ms': delayMs }
    await using kafka = await opened(startKafka({ properties }))
    await using braidlog = await opened(startBraidlog({ properties }))
    const peers = [kafka.peer, braidlog.peer] as const
    await warmUp(peers)
    const outcomes = await runAll(peers)
    const different = outcomes.filter(({ difference }) => difference !== undefined)
    assert.equal(different.length, 0, different.map(report).join('\n'))
    assert.ok(
      outcomes.some(({ parted }) => parted === undefined),
      'some sequences run to their end',
    )
  })
}

type SeededOutcome = Outcome & { readonly seed: number }

async function runAll(peers: readonly [Peer, Peer]): Promise<SeededOutcome[]> {
  const seeds = Array.from({ length: count }, (_, i) => seedFirst + i).values()
  const outcomes: SeededOutcome[] = []
  const worker = async (): Promise<void> => {
    for (const seed of seeds) outcomes.push({ seed, ...(await runSequence(peers, seed)) })
  }
  await Promise.all(Array.from({ length: concurrency }, worker))
  return outcomes
}

function report({ seed, steps, difference }: SeededOutcome): string {
  return `seed ${seed}, the last steps:\n${steps.slice(-25).join('\n')}\nApache Kafka, then Braidlog: ${difference}`
}

async function opened(starting: Promise<PeerServer>): Promise<AsyncDisposable & { readonly peer: Peer }> {
  const server = await starting
  const peer = wirePeer(server.host, server.port)
  const topics = ['t', 'u'].map((name) => ({ name, numPartitions: 3, replicationFactor: 1 }))
  await peer.ask({ request: CreateTopicsRequest, response: CreateTopicsResponse }, 7, { topics, timeoutMs: 10_000 })
  await eventually(async () => {
    const messages = { request: FindCoordinatorRequest, response: FindCoordinatorResponse }
    const { coordinators } = await peer.ask(messages, 4, { coordinatorKeys: ['g'] })
    return coordinators[0]?.errorCode === 0 ? true : undefined
  }, `${server.name} has a group coordinator`)
  return { peer, [Symbol.asyncDispose]: () => server.stop() }
}
