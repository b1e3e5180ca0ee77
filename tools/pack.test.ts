/** What npm gets is what the sources say: the same names, in JavaScript, without the sources beside it. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import test from 'node:test'
import { pack } from './pack.ts'
import { repositoryRoot } from './pinned-node.ts'

test('the packed client is one file of JavaScript that exports what its sources do', async () => {
  const home = mkdtempSync(join(tmpdir(), 'braidlog-pack-'))
  const modules = join(home, 'node_modules')
  try {
    const packed = await pack(['client'], modules, { declarations: false })
    assert.deepEqual(packed.toSorted(), ['base', 'client', 'model', 'protocol', 'records', 'runtime'])
    for (const name of packed) {
      const { dependencies = {} } = JSON.parse(
        readFileSync(join(modules, '@braidlog', name, 'package.json'), 'utf8'),
      ) as { dependencies?: Record<string, string> }
      for (const each of Object.keys(dependencies).filter((dependency) => !dependency.startsWith('@braidlog/'))) {
        mkdirSync(dirname(join(modules, each)), { recursive: true })
        symlinkSync(join(repositoryRoot, 'node_modules', each), join(modules, each))
      }
    }
    assert.deepEqual(globSync('@braidlog/client/dist/**/*.js', { cwd: modules }), ['@braidlog/client/dist/index.js'])
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
