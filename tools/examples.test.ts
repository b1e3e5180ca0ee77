/** Every example runs against a fresh broker, as a process of its own, and prints what it promises. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { promisify } from 'node:util'
import { startRegistry } from '@braidlog/schema-registry'
import { startBraidlog } from '@braidlog/testkit'
import { root } from './docs.ts'

const EXAMPLE_TIMEOUT_MS = 60_000

/** What each example must print, line by line; order matters only where it is promised. */
const expected: Readonly<Record<string, readonly string[]>> = {
  'admin.ts': ['retention.ms 7200000', 'events TOPIC_ALREADY_EXISTS', 'not a name INVALID_TOPIC_EXCEPTION'],
  'first-steps.ts': ['o-1 42', 'o-2 7'],
  'schemas.ts': ['o-1 4200n EUR', 'o-3 700n CHF', 'failed 1 NO_SCHEMA_ID'],
  'typed-topics.ts': ['stored at 0n', 'SERIALIZATION_FAILED'],
  'worker.ts': ['job-0 resize', 'job-1 rotate', 'job-1 crop'],
}

const examples = readdirSync(join(root, 'examples')).filter(
  (name) => name.endsWith('.ts') && !name.endsWith('.test.ts'),
)

test('every example has an expectation, and every expectation an example', () => {
  assert.deepEqual(examples.toSorted(), Object.keys(expected).toSorted())
})

for (const example of examples) {
  test(`examples/${example} prints what it promises`, async () => {
    await using braidlog = await startBraidlog()
    await using registry =
      example === 'schemas.ts'
        ? await startRegistry({ port: 0, kafka: { bootstrapServers: braidlog.bootstrapServers } })
        : undefined
    const { stdout } = await promisify(execFile)(process.execPath, [join(root, 'examples', example)], {
      env: {
        ...process.env,
        BOOTSTRAP_SERVERS: braidlog.bootstrapServers,
        ...(registry === undefined ? {} : { SCHEMA_REGISTRY_URL: registry.url }),
      },
      timeout: EXAMPLE_TIMEOUT_MS,
    })
    for (const line of expected[example] ?? []) {
      assert.ok(stdout.includes(line), `'${line}' is missing from:\n${stdout}`)
    }
  })
}
