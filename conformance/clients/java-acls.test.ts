/** kafka-acls of Apache Kafka: entries are added, listed, take effect and are removed. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { runTool } from '../peers/kafka.ts'
import { kcat } from '../peers/kcat.ts'
import { startPeerServer, type PeerServer } from '../peers/server.ts'

let server: PeerServer
before(async () => {
  server = await startPeerServer({
    properties: {
      'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
      'allow.everyone.if.no.acl.found': true,
    },
  })
})
after(async () => {
  await server?.stop()
})

async function acls(...args: string[]): Promise<string> {
  const all = ['--bootstrap-server', server.bootstrap, ...args]
  return (await runTool('org.apache.kafka.tools.AclCommand', all)).stdout
}

const produce = () => kcat(['-P', '-b', server.bootstrap, '-t', 'guarded', '-p', '0'], { input: 'a value' })

test('kafka-acls adds entries that take effect, lists them and removes them', async () => {
  await produce()
  await acls('--add', '--deny-principal', 'User:*', '--operation', 'Write', '--topic', 'guarded')
  await acls('--add', '--allow-principal', 'User:alice', '--consumer', '--topic', 'pay', '--group', 'billing')
  const prefixed = ['--resource-pattern-type', 'prefixed', '--topic', 'pay']
  await acls('--add', '--allow-principal', 'User:bob', '--allow-host', '10.0.0.1', '--producer', ...prefixed)

  const guarded = await acls('--list', '--topic', 'guarded')
  assert.match(guarded, /resourceType=TOPIC, name=guarded, patternType=LITERAL/)
  assert.match(guarded, /principal=User:\*, host=\*, operation=WRITE, permissionType=DENY/)
  await assert.rejects(produce(), /authorization failed/i)

  const matching = await acls('--list', '--topic', 'payments', '--resource-pattern-type', 'match')
  assert.match(matching, /name=pay, patternType=PREFIXED/)
  assert.match(matching, /principal=User:bob, host=10\.0\.0\.1, operation=(?:CREATE|WRITE|DESCRIBE)/)
  assert.doesNotMatch(matching, /guarded|LITERAL/)
  assert.match(await acls('--list', '--group', 'billing'), /principal=User:alice, host=\*, operation=READ/)

  await acls('--remove', '--force', '--topic', 'guarded')
  assert.doesNotMatch(await acls('--list'), /guarded/)
  await produce()
})
