/** Several nodes under one command: real processes, started, used and stopped. */
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { braidlog } from './drive.ts'

async function freePort(): Promise<number> {
  const probe = createServer()
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve))
  const { port } = probe.address() as AddressInfo
  await new Promise((resolve) => probe.close(resolve))
  return port
}

test('dev --brokers starts nodes that know each other, and stops them all', { timeout: 120_000 }, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'braidlog-brokers-'))
  const stop = new AbortController()
  const port = await freePort()
  try {
    let up: () => void = () => {}
    const isUp = new Promise<void>((resolve) => (up = resolve))
    const running = braidlog(['dev', '--brokers', '2', '-d', directory, '-p', String(port), '--no-registry'], {
      signal: stop.signal,
      env: { PATH: process.env['PATH'] ?? '' },
      onStdout: (text) => {
        if (text.includes('Ctrl-C')) up()
      },
    })
    await Promise.race([isUp, running])
    const at = `127.0.0.1:${port}`
    const created = await braidlog(['topic', 'create', 'orders', '-p', '4', '-r', '2', '-b', at])
    assert.equal(created.exitCode, 0, created.stderr)
    const { stdout } = await braidlog(['topic', 'describe', 'orders', '-b', at, '-o', 'json'])
    const [{ partitions }] = (JSON.parse(stdout) as { data: [{ partitions: { leader: number }[] }] }).data
    assert.deepEqual(
      partitions.map(({ leader }) => leader).toSorted((a, b) => a - b),
      [1, 1, 2, 2],
    )
    stop.abort()
    const outcome = await running
    assert.equal(outcome.exitCode, 0, outcome.stderr)
    assert.match(outcome.stdout, /^2 Braidlog nodes are up in \d+ ms\./)
    for (const node of ['node-1', 'node-2']) {
      assert.ok(existsSync(join(directory, node, '.kafka_cleanshutdown')), `${node} was stopped in order`)
    }
  } finally {
    stop.abort()
    rmSync(directory, { recursive: true, force: true })
  }
})
