/**
 * The Python clients: each script beside this file reports its checks, and each check is a test here.
 */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { python } from '../peers/python.ts'
import { startPeerServer, type PeerServer } from '../peers/server.ts'

let server: PeerServer
before(async () => {
  server = await startPeerServer()
})
after(() => server?.stop())

interface Check {
  readonly name: string
  readonly error: string | null
}

for (const [client, script] of [
  ['kafka-python', 'kafka_python.py'],
  ['confluent-kafka', 'confluent_kafka_python.py'],
] as const) {
  test(client, async (t) => {
    const { stdout } = await python(join(import.meta.dirname, script), [server.bootstrap], { timeoutMs: 150_000 })
    const checks = stdout
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as Check)
    assert.notEqual(checks.length, 0)
    for (const { name, error } of checks) await t.test(name, () => assert.equal(error, null, error ?? ''))
  })
}
