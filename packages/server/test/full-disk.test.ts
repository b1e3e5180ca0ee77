/** A node whose disk is full ends, and lets go of everything it holds: whoever supervises it can start it again. */
import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { once } from 'node:events'
import { it } from 'node:test'
import { TestCluster } from './cluster.ts'
import { batchOf, createTopic, produce } from './node.ts'

it('a node that cannot write its metadata log either still closes the connections to its controller', async () => {
  // The metadata log is quiet, so that the partition is the first to find no room.
  await using cluster = await TestCluster.start(2, { 'metadata.max.idle.interval.ms': 0 })
  const client = await cluster.client(1)
  await createTopic(client, 't', { assignment: [[1]] })
  const { server, storage } = cluster.nodes[0]!
  const { host, port } = server.controllerListeners[0]!
  const socket = connect({ host, port })
  await once(socket, 'connect')
  storage.setCapacityBytes(0)
  const closed = once(socket, 'close')
  await produce(client, 't', batchOf(['a'])).catch(() => {})
  assert.ok((await server.stopped) instanceof Error)
  await closed
})
