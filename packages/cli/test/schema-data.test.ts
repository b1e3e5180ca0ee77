/** `braidlog schema` where it looks into records and into schemas themselves; what `-o json` says, golden. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { after, before } from 'node:test'
import { startRegistry, type Registry } from '@braidlog/schema-registry'
import { startBraidlog, type Braidlog } from '@braidlog/testkit'
import { usageOfCluster, type UsageOfCluster } from '../src/schema/usage-source.ts'
import { assertGolden, braidlog, type Outcome } from './drive.ts'

let k: Braidlog
let registry: Registry
let usage: UsageOfCluster
const folder = mkdtempSync(join(tmpdir(), 'braidlog-schema-'))

before(async () => {
  k = await startBraidlog()
  const kafka = { bootstrapServers: k.bootstrapServers }
  usage = usageOfCluster({ kafka, directory: join(folder, 'index') })
  registry = await startRegistry({ kafka, port: 0, replicationFactor: 1, usage })
})
after(async () => {
  await registry.close({ timeoutMs: 1_000 })
  await usage.close()
  await k.stop()
  rmSync(folder, { recursive: true })
})

function schema(args: readonly string[], stdin?: string): Promise<Outcome> {
  const env = { SCHEMA_REGISTRY_URL: registry.url, BOOTSTRAP_SERVERS: k.bootstrapServers, XDG_CACHE_HOME: folder }
  return braidlog(['schema', ...args], stdin === undefined ? { env, cwd: folder } : { env, cwd: folder, stdin })
}

const data = async <T>(args: readonly string[], stdin?: string): Promise<T> =>
  (JSON.parse((await schema([...args, '-o', 'json'], stdin)).stdout) as { data: T }).data

const record = (...fields: object[]): string => JSON.stringify({ type: 'record', name: 'Order', fields })
const id = { name: 'id', type: 'string' }

async function create(subject: string, text: string): Promise<number> {
  return (await data<{ id: number }>(['create', subject, '-'], text)).id
}

function framed(schemaId: number, payload: Uint8Array): Buffer {
  const head = Buffer.alloc(5)
  head.writeInt32BE(schemaId, 1)
  return Buffer.concat([head, payload])
}

const send = async (topic: string, value: Buffer) => await k.kafka.producer().send({ topic, value })

test('a schema is tried on the records that are there; those that it cannot read are named', async () => {
  const union = record({ name: 'note', type: ['null', 'string'] })
  const schemaId = await create('notes-value', union)
  await k.createTopics(new Map([['notes', { partitions: 1, config: {} }]]))
  await send('notes', framed(schemaId, Buffer.of(2, 2, 97)))
  await send('notes', framed(schemaId, Buffer.of(0)))
  await send('notes', framed(4_711, Buffer.of(0)))
  await send('notes', Buffer.from('plain'))
  const strict = record({ name: 'note', type: 'string' })
  const args = ['check', 'notes-value', '-', '--against-data', '10']
  const refused = await schema(args, strict)
  assert.equal(refused.exitCode, 1)
  assert.match(refused.stdout, /^ +0 +1 +id \d+ +\/note +the writer's null cannot be read as the reader's string$/m)
  assert.match(refused.stderr, /1 of 2 records of notes cannot be read with this schema/)
  const found = await data<{ breaking: { schema: string }[] }>(args, strict)
  assertGolden('schema-check-data.txt', JSON.stringify(found, null, 2).replaceAll(/id \d+/g, 'id <id>') + '\n')
  const fine = await schema(args, union)
  assert.equal(fine.stdout, '2 records of notes can be read; 2 name no schema that is known\n')
  assert.match((await schema(['check', 'notes-value', '-', '--against-data', '1'], strict)).stdout, /^0 records/)
  assert.equal((await schema(['check', 'odd', '-', '--against-data', '1'], strict)).exitCode, 2)
})

test('versions are told apart, change by change', async () => {
  await create('diffed', record(id, { name: 'total', type: 'int', default: 0 }))
  await schema(['compatibility', 'diffed', '--set', 'NONE'])
  await create('diffed', record({ ...id, doc: 'of the order' }, { name: 'lines', type: 'int' }))
  const changes = await data<object>(['diff', 'diffed', '1', '2'])
  assertGolden('schema-diff.txt', JSON.stringify(changes, null, 2) + '\n')
  const { stdout } = await schema(['diff', 'diffed', '1', '-', '--file'], record(id))
  assert.match(stdout, /^removed +field +Order\.total +type int, default 0 +ok +ok$/m)
})

test('lint: findings, severities by flag and file, and an exit code', async () => {
  const bad = record({ name: 'orderId', type: ['null', 'int'], default: 1 })
  const failed = await schema(['lint', '-'], bad)
  assert.equal(failed.exitCode, 1)
  assert.match(failed.stdout, /^-: error: Order\.orderId: the default of orderId is not of .* \(default-not-first\)$/m)
  assert.match(failed.stderr, /1 finding of severity error/)
  assertGolden('schema-lint.txt', JSON.stringify(await data(['lint', '-'], bad), null, 2) + '\n')
  writeFileSync(join(folder, 'lint.json'), '{"rules": {"default-not-first": "info"}}')
  assert.equal((await schema(['lint', '-', '--config', 'lint.json'], bad)).exitCode, 0)
  assert.equal((await schema(['lint', '-', '--config', 'lint.json', '--fail-on', 'info'], bad)).exitCode, 1)
  assert.equal((await schema(['lint', '-', '--rule', 'default-not-first=off'], bad)).exitCode, 0)
  assert.equal((await schema(['lint', '-', '--rule', 'nonsense=off'], bad)).exitCode, 2)
  assert.match((await schema(['lint', '--rules'])).stdout, /^enum-zero +warning +/m)
  await create('linted', record(id))
  assert.match(
    (await schema(['lint', '--subject', 'linted:1'])).stdout,
    /^linted:1: warning: Order: .*missing-namespace/m,
  )
})

test('what records still name is shown, and is not deleted for good', async () => {
  await k.createTopics(new Map([['kept', { partitions: 1, config: {} }]]))
  await schema(['compatibility', 'kept-value', '--set', 'NONE'])
  const first = await create('kept-value', record({ name: 'kept', type: 'int' }))
  const second = await create('kept-value', record({ name: 'kept', type: 'long' }))
  await send('kept', framed(first, Buffer.of(2)))
  await k.admin.alterGroupOffsets('slow', [{ topic: 'kept', partition: 0, offset: 0n }])
  assert.match(
    (await schema(['usage', 'kept-value'])).stdout,
    new RegExp(`^id ${first} +kept +0 +value +0 +0 +slow$`, 'm'),
  )
  assertGolden(
    'schema-usage.txt',
    JSON.stringify(await data(['usage', String(first)]), null, 2).replaceAll(/id \d+/g, 'id <id>') + '\n',
  )
  assert.match((await schema(['usage', String(second)])).stdout, /^no retained record names/)
  const unused = await data<{ subject: string; version: number; latest: boolean }[]>(['unused', 'kept-'])
  assert.deepEqual(unused, [{ subject: 'kept-value', version: 2, id: second, latest: true, deleted: false }])

  await schema(['delete', 'kept-value', '-y'])
  const refused = await schema(['delete', 'kept-value', '--permanent', '-y', '-o', 'json'])
  assert.equal(refused.exitCode, 1)
  assert.equal((JSON.parse(refused.stdout) as { error: { code: string } }).error.code, 'SCHEMA_IN_USE')
  assert.equal((await schema(['delete', 'kept-value', '2', '--permanent', '-y'])).stdout, 'deleted 2\n')
  await k.admin.deleteRecords([{ topic: 'kept', partition: 0, beforeOffset: 'end' }])
  assert.equal((await schema(['delete', 'kept-value', '1', '--permanent', '-y'])).stdout, 'deleted 1\n')
})

test('a permanent delete can be forced', async () => {
  await k.createTopics(new Map([['forced', { partitions: 1, config: {} }]]))
  const schemaId = await create('forced-value', record({ name: 'forced', type: 'int' }))
  await send('forced', framed(schemaId, Buffer.of(2)))
  await schema(['delete', 'forced-value', '-y'])
  assert.equal((await schema(['delete', 'forced-value', '--permanent', '-y'])).exitCode, 1)
  assert.equal((await schema(['delete', 'forced-value', '--permanent', '--force', '-y'])).stdout, 'deleted 1\n')
})

test('a registry that knows what is in use refuses by itself, whoever asks', async () => {
  await k.createTopics(new Map([['asked', { partitions: 1, config: {} }]]))
  const schemaId = await create('asked-value', record({ name: 'asked', type: 'int' }))
  await send('asked', framed(schemaId, Buffer.of(2)))
  await schema(['delete', 'asked-value', '-y'])
  const refused = await fetch(`${registry.url}/subjects/asked-value?permanent=true`, { method: 'DELETE' })
  assert.deepEqual([refused.status, ((await refused.json()) as { error_code: number }).error_code], [422, 42205])
  await k.admin.deleteRecords([{ topic: 'asked', partition: 0, beforeOffset: 'end' }])
  const deleted = await fetch(`${registry.url}/subjects/asked-value?permanent=true`, { method: 'DELETE' })
  assert.equal(deleted.status, 200)
})

test('what each verb says to a program is as it was reviewed', async () => {
  const text = record(id)
  const outcomes: Record<string, unknown> = {}
  const note = async (name: string, args: readonly string[], stdin?: string): Promise<void> => {
    const outcome = await schema([...args, '-o', 'json'], stdin)
    outcomes[name] = { exitCode: outcome.exitCode, ...(JSON.parse(outcome.stdout) as object) }
  }
  await note('create', ['create', 'golden', '-'], text)
  await note('list', ['list', 'golden'])
  await note('get', ['get', 'golden'])
  await note('check', ['check', 'golden', '-'], text)
  await note('check, incompatible', ['check', 'golden', '-'], record(id, { name: 'total', type: 'int' }))
  await note('references', ['references', 'golden'])
  await note('mode', ['mode', 'golden'])
  await note('compatibility', ['compatibility', 'golden', '--set', 'FULL'])
  await note('unused', ['unused', 'golden'])
  await note('delete', ['delete', 'golden', '-y'])
  await note('get, gone', ['get', 'golden'])
  const told = JSON.stringify(outcomes, null, 2)
    .replaceAll(/"id": \d+/g, '"id": "<id>"')
    .replaceAll(/"guid": "[^"]+"/g, '"guid": "<guid>"')
    .replaceAll(/"ts": \d+/g, '"ts": "<time>"')
  assertGolden('schema-verbs.txt', `${told}\n`)
})

test('subjects complete where a subject stands', async () => {
  await create('completed', record(id))
  const { stdout } = await braidlog(['__complete', 'schema', 'get', 'comp'], {
    env: { SCHEMA_REGISTRY_URL: registry.url },
  })
  assert.equal(stdout, 'completed\tsubject\n')
})
