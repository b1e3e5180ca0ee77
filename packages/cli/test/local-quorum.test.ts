/** Which ports the controllers of a cluster on this machine keep, and when that is not possible. */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { earlierQuorum, keptPorts } from '../src/local-quorum.ts'

async function listening(): Promise<Server> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return server
}
const portOf = (server: Server) => (server.address() as AddressInfo).port
const closed = (server: Server) => new Promise((resolve) => server.close(resolve))

test('what the nodes were is read from their properties', () => {
  const directory = mkdtempSync(join(tmpdir(), 'braidlog-earlier-'))
  const node = (nodeId: number, properties: string | undefined) => {
    mkdirSync(join(directory, `node-${nodeId}`), { recursive: true })
    writeFileSync(join(directory, `node-${nodeId}`, 'meta.properties'), 'version=1\n')
    if (properties !== undefined) writeFileSync(join(directory, `node-${nodeId}.properties`), properties)
  }
  const listeners = 'listeners=PLAINTEXT://127.0.0.1:9092,CONTROLLER://127.0.0.1:19092\n'
  try {
    assert.deepEqual(earlierQuorum(join(directory, 'nowhere')), { kind: 'none', controllers: [] })
    assert.deepEqual(earlierQuorum(directory), { kind: 'none', controllers: [] })
    node(1, `controller.quorum.voters=7@h:1\n${listeners}controller.quorum.voters=\n`)
    node(2, 'controller.quorum.voters=\nlisteners=PLAINTEXT://127.0.0.1:9093\n')
    assert.deepEqual(earlierQuorum(directory), { kind: 'dynamic', controllers: [{ nodeId: 1, port: 19092 }] })
    node(1, `${listeners}controller.quorum.voters=1@127.0.0.1:19092\n`)
    assert.equal(earlierQuorum(directory).kind, 'static')
    node(1, `${listeners}controller.quorum.voters=\n`)
    node(3, undefined)
    assert.equal(earlierQuorum(directory).kind, 'static', 'a directory without properties is an old one')
  } finally {
    rmSync(directory, { recursive: true })
  }
})

test('controllers keep their ports; a minority may move, more would find no majority', async () => {
  const servers = [await listening(), await listening(), await listening()]
  const controllers = servers.map((server, at) => ({ nodeId: at + 1, port: portOf(server) }))
  const [first, second, third] = servers as [Server, Server, Server]
  const quorum = { kind: 'dynamic', controllers } as const
  assert.deepEqual(await keptPorts({ ...quorum, kind: 'static' }, 3), new Map())
  await closed(third)
  await assert.rejects(keptPorts(quorum, 3), { code: 'PORT_TAKEN' })
  await closed(second)
  assert.deepEqual([...(await keptPorts(quorum, 3)).keys()], [2, 3])
  await assert.rejects(keptPorts(quorum, 1), /--brokers 2 or more/)
  const only = { ...quorum, controllers: controllers.slice(0, 1) }
  assert.deepEqual(await keptPorts(only, 3), new Map(), 'the only voter finds itself anywhere')
  await closed(first)
  assert.deepEqual([...(await keptPorts(quorum, 5)).keys()], [1, 2, 3])
})
