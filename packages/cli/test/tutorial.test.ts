/**
 * The tutorial about schemas, followed to the letter: its shell blocks run one after the other against `braidlog dev`.
 *
 * A comment before a block says what it must do beyond succeeding: `<!-- prints: pattern -->`, `<!-- fails: pattern -->`.
 */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import test from 'node:test'
import { braidlog } from './drive.ts'

const ROOT = resolve(import.meta.dirname, '../../..')
const BLOCK_TIMEOUT_MS = 30_000

interface Block {
  readonly script: string
  readonly fails: boolean
  readonly pattern: RegExp | undefined
}

function blocksOf(page: string): Block[] {
  const blocks = page.matchAll(/(?:^<!-- (prints|fails): (.*) -->\n\n)?^```sh\n([^]*?)^```$/gm)
  return [...blocks].map(([, kind, pattern, script]) => ({
    script: script!,
    fails: kind === 'fails',
    pattern: pattern === undefined ? undefined : new RegExp(pattern),
  }))
}

test('evolve a schema, be stopped, mend it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'braidlog-tutorial-'))
  const stop = new AbortController()
  // Commands of the page are `npx braidlog …` and `npx node …`.
  mkdirSync(join(folder, 'bin'))
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  const main = join(ROOT, 'packages/cli/bin/braidlog.js')
  const npx = `#!/bin/sh\nname=$1; shift\n[ "$name" = braidlog ] && set -- '${main}' "$@"\nexec '${process.execPath}' "$@"\n`
  writeFileSync(join(folder, 'bin/npx'), npx, { mode: 0o755 })
  let running: Promise<unknown> = Promise.resolve()
  try {
    const [bootstrapServers, registry] = await new Promise<[string, string]>((up, failed) => {
      const onStdout = (text: string): void => {
        const [, servers, url] = /Kafka protocol +(\S+)\n +Schemas +(\S+)/.exec(text) ?? []
        if (servers !== undefined) up([servers, url!])
      }
      const args = ['dev', '--data', join(folder, 'data'), '--port', '0', '--registry-port', '0']
      running = braidlog(args, { signal: stop.signal, onStdout })
      running.then((outcome) => failed(new Error(JSON.stringify(outcome))), failed)
    })
    const env = {
      PATH: `${join(folder, 'bin')}:/usr/bin:/bin`,
      HOME: folder,
      BOOTSTRAP_SERVERS: bootstrapServers,
      SCHEMA_REGISTRY_URL: registry,
    }
    const run = async (script: string): Promise<{ failed: boolean; output: string }> =>
      await new Promise((done) =>
        execFile('/bin/sh', ['-e', '-c', script], { cwd: folder, env, timeout: BLOCK_TIMEOUT_MS }, (error, out, err) =>
          done({ failed: error !== null, output: out + err }),
        ),
      )
    await run('npx braidlog topic create orders -p 3')
    const blocks = blocksOf(readFileSync(join(ROOT, 'docs/tutorial/evolve-a-schema.md'), 'utf8'))
    assert.ok(blocks.length > 8, 'the blocks are found')
    for (const { script, fails, pattern } of blocks) {
      const { failed, output } = await run(script)
      assert.equal(failed, fails, `${script}\n${output}`)
      if (pattern !== undefined) assert.match(output, pattern, script)
    }
  } finally {
    stop.abort()
    await running
    rmSync(folder, { recursive: true })
  }
})
