/** Each client library is told where the brokers are in its own words. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { clientConfig } from '../src/client-config.ts'

test('every client kind has its own spelling of the same servers', () => {
  const servers = '127.0.0.1:1,127.0.0.1:2'
  assert.deepEqual(clientConfig('braidlog', servers), { bootstrapServers: servers, clientId: 'braidlog-test' })
  assert.deepEqual(clientConfig('kafkajs', servers), {
    brokers: ['127.0.0.1:1', '127.0.0.1:2'],
    clientId: 'braidlog-test',
  })
  assert.deepEqual(clientConfig('platformatic', servers), {
    bootstrapBrokers: ['127.0.0.1:1', '127.0.0.1:2'],
    clientId: 'braidlog-test',
  })
  for (const kind of ['confluent', 'java'] as const) {
    assert.deepEqual(clientConfig(kind, servers), { 'bootstrap.servers': servers, 'client.id': 'braidlog-test' })
  }
})
