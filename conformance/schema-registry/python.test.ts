/** confluent-kafka's registry client and serializers, unchanged: each check of the script is a test here. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { startRegistry, type Registry } from '@braidlog/schema-registry'
import { python } from '../peers/python.ts'
import { startPeerServer, type PeerServer } from '../peers/server.ts'

let server: PeerServer
let registry: Registry
before(async () => {
  server = await startPeerServer()
  registry = await startRegistry({ kafka: { bootstrapServers: server.bootstrap }, port: 0 })
})
after(async () => {
  await registry?.close()
  await server?.stop()
})

interface Check {
  readonly name: string
  readonly error: string | null
}

test('confluent-kafka', async (t) => {
  const script = join(import.meta.dirname, 'python_registry.py')
  const { stdout } = await python(script, [registry.url], { environment: 'python-registry', timeoutMs: 150_000 })
  const checks = stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Check)
  assert.notEqual(checks.length, 0)
  for (const { name, error } of checks) await t.test(name, () => assert.equal(error, null, error ?? ''))
})
