/** Three registries as processes on the peer's broker, and the leader taken away under load: on Braidlog, and on Apache Kafka. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { leaderTakenAway } from '../../packages/schema-registry/test/support/takeover.ts'
import { startPeerServer, type PeerServer } from '../peers/server.ts'

let server: PeerServer
before(async () => {
  server = await startPeerServer({
    properties: { 'group.min.session.timeout.ms': 500, 'group.initial.rebalance.delay.ms': 0 },
  })
})
after(async () => await server?.stop())

for (const blow of ['killed', 'stopped'] as const) {
  test(`the leader is ${blow}: no id twice, no version lost, no write answered twice differently`, async () => {
    const acknowledged = await leaderTakenAway(
      {
        kafka: { bootstrapServers: server.bootstrap },
        port: 0,
        topic: `schemas-${blow}`,
        groupId: `schemas-${blow}`,
        sessionTimeoutMs: 2_000,
        heartbeatIntervalMs: 300,
      },
      blow,
    )
    assert.equal(acknowledged, 80)
  })
}
