/** `braidlog start` on a directory of another cluster or node: it does not start, says why, and ends as a failure. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { braidlog } from './drive.ts'

test('a directory of another cluster or node is not started on', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'braidlog-start-'))
  const directory = join(folder, 'data')
  try {
    const cluster = ['--cluster-id', 'AAAAAAAAAAAAAAAAAAAAAQ']
    assert.equal((await braidlog(['storage', 'format', '-d', directory, '-n', '1', ...cluster])).exitCode, 0)
    const start = ['start', '-d', directory, '-c', 'listeners=PLAINTEXT://127.0.0.1:0']
    const node = await braidlog([...start, '-c', 'node.id=2'])
    assert.match(node.stderr, /belongs to node 1.*node\.id is 2/)
    const other = await braidlog([...start, '-c', 'node.id=1', '--cluster-id', 'AAAAAAAAAAAAAAAAAAAAAg'])
    assert.match(other.stderr, /AAAAAAAAAAAAAAAAAAAAAQ/)
    assert.deepEqual([node.exitCode, other.exitCode], [1, 1])
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
