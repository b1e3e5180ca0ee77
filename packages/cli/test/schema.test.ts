/** `braidlog schema` against a registry that `braidlog start registry` runs, on an embedded broker. */
import assert from 'node:assert/strict'
import test, { after, before } from 'node:test'
import { startBraidlog, type Braidlog } from '@braidlog/testkit'
import { braidlog, type Outcome } from './drive.ts'

let k: Braidlog
let url: string
let running: Promise<Outcome>
const stop = new AbortController()

before(async () => {
  k = await startBraidlog()
  const args = ['start', 'registry', '-b', k.bootstrapServers, '-p', '0', '--log-level', 'silent']
  url = await new Promise<string>((resolve, reject) => {
    const onStdout = (text: string): void => {
      const found = /http:\S+(?=;)/.exec(text)
      if (found !== null) resolve(found[0])
    }
    running = braidlog(args, { signal: stop.signal, onStdout })
    running.then((outcome) => reject(new Error(outcome.stderr)), reject)
  })
})
after(async () => {
  stop.abort()
  await running
  await k.stop()
})

function schema(args: readonly string[], stdin?: string): Promise<Outcome> {
  const env = { SCHEMA_REGISTRY_URL: url }
  return braidlog(['schema', ...args], stdin === undefined ? { env } : { env, stdin })
}

const record = (...fields: object[]): string => JSON.stringify({ type: 'record', name: 'Order', fields })
const id = { name: 'id', type: 'string' }

test('a schema is created, listed, read and checked; what would break readers is refused with what would mend it', async () => {
  const created = await schema(['create', 'orders-value', '-'], record(id))
  assert.deepEqual([created.exitCode, created.stdout], [0, 'orders-value version 1 has id 1\n'])
  assert.match((await schema(['list'])).stdout, /orders-value +1 +1 +AVRO/)
  assert.deepEqual(JSON.parse((await schema(['get', 'orders-value'])).stdout), JSON.parse(record(id)))
  const broken = await schema(['check', 'orders-value', '-'], record(id, { name: 'total', type: 'int' }))
  assert.equal(broken.exitCode, 1)
  assert.match(
    broken.stderr,
    /READER_FIELD_MISSING_DEFAULT_VALUE at \/fields\/1[^]*for example: \{"id":""\}[^]*to mend it:/,
  )
  const mended = record(id, { name: 'total', type: 'int', default: 0 })
  assert.equal((await schema(['check', 'orders-value', '-'], mended)).stdout, 'compatible\n')
  await schema(['create', 'orders-value', '-'], mended)
  const changes = await schema(['diff', 'orders-value', '1', '2'])
  assert.match(changes.stdout, /^added +field +Order\.total +type int, default 0 +ok +ok$/m)
  assert.equal((await schema(['diff', 'orders-value', '2'])).stdout, 'no difference\n')
})

test('level and mode are shown and set; a refusal has the code of the registry', async () => {
  assert.equal((await schema(['compatibility', 'levels', '--set', 'FULL'])).stdout, 'FULL\n')
  assert.equal((await schema(['compatibility', 'levels', '--reset'])).stdout, 'BACKWARD\n')
  assert.equal((await schema(['mode', 'levels', '--set', 'READONLY'])).stdout, 'READONLY\n')
  const refused = await schema(['create', 'levels', '-', '-o', 'json'], '"int"')
  assert.equal(refused.exitCode, 1)
  assert.equal((JSON.parse(refused.stdout) as { error: { code: string } }).error.code, 'REGISTRY_42205')
})

test('what is referred to is shown with what refers to it, and is not deleted', async () => {
  await schema(['create', 'item', '-'], JSON.stringify({ type: 'record', name: 'Item', fields: [id] }))
  const cart = record({ name: 'item', type: 'Item' })
  assert.equal((await schema(['create', 'cart', '-', '--reference', 'Item=item:1'], cart)).exitCode, 0)
  assert.match((await schema(['references', 'item'])).stdout, /is referred to by +id \d+ +cart +1/)
  assert.equal((await schema(['delete', 'item', '-y'])).exitCode, 1)
  assert.equal((await schema(['delete', 'cart', '-y'])).stdout, 'deleted 1\n')
})

test('without a registry the exit code says that nothing answers', async () => {
  assert.equal((await schema(['list', '--registry', 'http://127.0.0.1:9'])).exitCode, 3)
  assert.equal((await schema(['list', '--registry', 'nowhere'])).exitCode, 2)
})
