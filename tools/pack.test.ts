/** What npm gets is what the sources say: the same names, in JavaScript, without the sources beside it. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { appendFileSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { installPacked } from './pack.ts'

test('the packed client is one file of JavaScript that exports what its sources do', async () => {
  const home = mkdtempSync(join(tmpdir(), 'braidlog-pack-'))
  try {
    const packed = await installPacked(['client'], home)
    assert.deepEqual(packed.toSorted(), ['base', 'client', 'model', 'protocol', 'records', 'runtime'])
    const dist = join(home, 'node_modules', '@braidlog', 'client', 'dist')
    assert.deepEqual(globSync('*.js', { cwd: dist }), ['index.js'])
    for (const file of globSync('**/*.js', { cwd: dist })) {
      assert.doesNotMatch(
        readFileSync(join(dist, file), 'utf8'),
        /from ?["']@braidlog/,
        `${file} imports another package`,
      )
    }
    const program = join(home, 'program.mjs')
    writeFileSync(
      program,
      `import * as client from '@braidlog/client'
      process.stdout.write(JSON.stringify([import.meta.resolve('@braidlog/protocol/wire'), Object.keys(client)]))`,
    )
    const [wire, names] = JSON.parse(execFileSync(process.execPath, [program], { encoding: 'utf8' })) as [
      string,
      string[],
    ]
    assert.match(wire, /node_modules\/@braidlog\/protocol\/dist\/wire\.js$/)
    assert.deepEqual(names, Object.keys(await import('@braidlog/client')))
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
})

test('the packed testkit is one script, starts without compiling a codec, and keeps what it has compiled', async () => {
  const home = mkdtempSync(join(tmpdir(), 'braidlog-pack-'))
  try {
    await installPacked(['testkit'], home)
    const program = join(home, 'program.mjs')
    writeFileSync(
      program,
      `import * as testkit from '@braidlog/testkit'
      import { json, KafkaError } from '@braidlog/client'
      import { MemoryStorage } from '@braidlog/base'
      globalThis.Function = class { constructor(...source) { throw new Error(source.at(-1)) } }
      await using broker = await testkit.startBraidlog({ topics: { orders: 1 }, storage: new MemoryStorage() })
      await broker.kafka.producer({ value: json() }).send({ topic: 'orders', value: { id: 1 } })
      const records = await broker.consume('orders', { count: 1, serde: 'json' })
      const refusal = await broker.admin.createTopics([{ name: 'orders' }]).catch((error) => error)
      const values = records.map(({ value }) => value)
      process.stdout.write(JSON.stringify([Object.keys(testkit), values, refusal instanceof KafkaError]))`,
    )
    const env = { ...process.env }
    delete env['NODE_COMPILE_CACHE']
    const cache = join(home, 'node_modules', '.cache', 'braidlog')
    const caches = (): string[] => globSync('*', { cwd: cache })
    const runIt = (more: Record<string, string> = {}): void => {
      const output = execFileSync(process.execPath, [program], { encoding: 'utf8', env: { ...env, ...more } })
      assert.deepEqual(JSON.parse(output), [['Braidlog', 'TestkitError', 'startBraidlog'], [{ id: 1 }], true])
    }
    runIt({ NODE_DISABLE_COMPILE_CACHE: '1' })
    assert.deepEqual(caches(), [])
    runIt()
    const [file, ...others] = caches()
    assert.deepEqual(others, [])
    const bytes = readFileSync(join(cache, file!))
    runIt()
    assert.deepEqual(readFileSync(join(cache, file!)), bytes, 'written again although it was of use')
    // Cut short, as a full disk leaves it: refused by V8, and made anew.
    writeFileSync(join(cache, file!), bytes.subarray(0, bytes.length / 2))
    runIt()
    assert.notEqual(readFileSync(join(cache, file!)).length, bytes.length >> 1)
    // Another source, another cache.
    appendFileSync(join(home, 'node_modules', '@braidlog', 'testkit', 'dist', 'testkit.cjs'), ' ')
    runIt()
    assert.equal(caches().length, 2)
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
})
