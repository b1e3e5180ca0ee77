/** What npm gets is what the sources say: the same names, in JavaScript, without the sources beside it. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { globSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { installPacked } from './pack.ts'

test('the packed client is one file of JavaScript that exports what its sources do', async () => {
  const home = mkdtempSync(join(tmpdir(), 'braidlog-pack-'))
  try {
    const packed = await installPacked(['client'], home)
    assert.deepEqual(packed.toSorted(), ['base', 'client', 'model', 'protocol', 'records', 'runtime'])
    assert.deepEqual(globSync('@braidlog/client/dist/**/*.js', { cwd: join(home, 'node_modules') }), [
      '@braidlog/client/dist/index.js',
    ])
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
