/** Where settings come from, in which order, and that `config show` tells it. */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { resolveSettings } from '../src/settings.ts'
import { braidlog } from './drive.ts'

const folder = mkdtempSync(join(tmpdir(), 'braidlog-settings-'))
test.after(() => rmSync(folder, { recursive: true }))
mkdirSync(join(folder, 'braidlog'))
writeFileSync(
  join(folder, 'braidlog', 'config.yaml'),
  'current: here\nprofiles:\n  here: { bootstrap.servers: "profile:1" }\n  there: { bootstrap.servers: "there:1", acks: 1 }\n',
)
const file = join(folder, 'client.properties')
writeFileSync(file, '# of a Java client\nbootstrap.servers = file:1\nclient.id: me\nssl.key.password=s3cret\n')

const env = { XDG_CONFIG_HOME: folder }

async function servers(
  flags: Parameters<typeof resolveSettings>[0],
  more: Record<string, string> = {},
): Promise<string> {
  return (await resolveSettings(flags, more)).bootstrapServers.value
}

test('flag beats property beats environment beats profile beats file beats default', async () => {
  const environment = { ...env, BRAIDLOG_BOOTSTRAP_SERVERS: 'env:1' }
  const all = { bootstrapServer: 'flag:1', property: ['bootstrap.servers=property:1'], commandConfig: file }
  assert.equal(await servers(all, environment), 'flag:1')
  assert.equal(await servers({ ...all, bootstrapServer: undefined }, environment), 'property:1')
  assert.equal(await servers({ commandConfig: file }, environment), 'env:1')
  assert.equal(await servers({ commandConfig: file }, env), 'profile:1')
  assert.equal(await servers({ profile: 'there' }, env), 'there:1')
  assert.equal(await servers({ commandConfig: file }), 'file:1')
  assert.equal(await servers({}), 'localhost:9092')
  for (const name of ['KAFKA_BOOTSTRAP_SERVERS', 'BOOTSTRAP_SERVERS']) {
    assert.equal(await servers({}, { [name]: 'common:1' }), 'common:1')
  }
})

test('config show tells every value with its source, and hides secrets', async () => {
  const { stdout } = await braidlog(['config', 'show', '--command-config', file, '-X', 'acks=1', '-o', 'json'])
  const { data } = JSON.parse(stdout) as { data: { key: string; value: string; source: string }[] }
  const values = new Map(data.map(({ key, value }) => [key, value]))
  assert.equal(values.get('acks'), '1')
  assert.equal(values.get('client.id'), 'me')
  assert.equal(values.get('ssl.key.password'), '(hidden)')
  for (const { source } of data) assert.notEqual(source, '')
})

test('a profile or file that is not there is said to be missing', async () => {
  for (const args of [
    ['config', 'show', '--profile', 'nowhere'],
    ['config', 'show', '--command-config', join(folder, 'none.properties')],
  ]) {
    const { exitCode, stderr } = await braidlog(args, { env })
    assert.equal(exitCode, 2)
    assert.match(stderr, /nowhere|none\.properties/)
  }
})
