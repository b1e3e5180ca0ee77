/** Several nodes under one command: real processes, started, used and stopped. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { braidlog } from './drive.ts'

async function freePort(): Promise<number> {
  const probe = createServer()
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve))
  const { port } = probe.address() as AddressInfo
  await new Promise((resolve) => probe.close(resolve))
  return port
}

/** Runs nodes for as long as `use` takes. @param use gets the address of the first */
async function whileRunning(
  { args, directory }: { args: readonly string[]; directory: string },
  use: (at: string) => Promise<void>,
): Promise<void> {
  const stop = new AbortController()
  const port = await freePort()
  let up: () => void = () => {}
  const isUp = new Promise<void>((resolve) => (up = resolve))
  const running = braidlog(['dev', ...args, '-d', directory, '-p', String(port), '--no-registry'], {
    signal: stop.signal,
    env: { PATH: process.env['PATH'] ?? '' },
    onStdout: (text) => {
      if (text.includes('Ctrl-C')) up()
    },
  })
  try {
    const early = await Promise.race([isUp, running])
    assert.equal(early, undefined, early?.stderr)
    await use(`127.0.0.1:${port}`)
  } finally {
    stop.abort()
    await running
  }
}

interface Quorum {
  readonly voters: { readonly nodeId: number; readonly directoryId: string | null }[]
}
async function quorumAt(at: string): Promise<Quorum> {
  const { stdout, stderr } = await braidlog(['quorum', 'status', '-b', at, '-o', 'json'])
  assert.notEqual(stdout, '', stderr)
  return (JSON.parse(stdout) as { data: Quorum }).data
}

test(
  'new nodes have a dynamic quorum, which grows with them and finds itself again',
  { timeout: 120_000 },
  async () => {
    const directory = mkdtempSync(join(tmpdir(), 'braidlog-quorum-'))
    const voters = async (at: string) =>
      (await quorumAt(at)).voters.map(({ nodeId }) => nodeId).toSorted((a, b) => a - b)
    try {
      await whileRunning({ args: ['--brokers', '1'], directory }, async (at) => {
        const { voters: all } = await quorumAt(at)
        assert.equal(all.length, 1)
        assert.notEqual(all[0]!.directoryId, null, 'a dynamic quorum')
      })
      // The others join by themselves.
      await whileRunning({ args: ['--brokers', '3'], directory }, async (at) => {
        let found: number[] = []
        while (found.length < 3) [found] = await Promise.all([voters(at), setTimeout(100)])
        assert.deepEqual(found, [1, 2, 3])
      })
      const alone = await braidlog(['dev', '--brokers', '1', '-d', directory, '--no-registry'])
      assert.match(alone.stderr, /quorum has 3 controllers.*--brokers 2/)
      await whileRunning({ args: ['--brokers', '2'], directory }, async (at) => {
        assert.deepEqual(await voters(at), [1, 2, 3])
      })
    } finally {
      rmSync(directory, { recursive: true, force: true })
    }
  },
)

test(
  'directories with a static quorum go on with it, on other ports, and replicas are moved',
  { timeout: 120_000 },
  async () => {
    const directory = mkdtempSync(join(tmpdir(), 'braidlog-static-'))
    try {
      for (const nodeId of [1, 2]) {
        const properties = join(directory, `node-${nodeId}.properties`)
        const data = join(directory, `node-${nodeId}`)
        const roles = nodeId === 1 ? 'broker,controller' : 'broker'
        writeFileSync(properties, `process.roles=${roles}\ncontroller.quorum.voters=1@127.0.0.1:1\nlog.dirs=${data}\n`)
        const id = ['--cluster-id', 'c3RhdGljLWxvY2FsLXF1bw', '-n', String(nodeId)]
        const formatted = await braidlog(['storage', 'format', properties, ...id])
        assert.equal(formatted.exitCode, 0, formatted.stderr)
      }
      await whileRunning({ args: ['--brokers', '2'], directory }, async (at) => {
        const { voters: all } = await quorumAt(at)
        assert.deepEqual(
          all.map(({ directoryId, nodeId }) => [nodeId, directoryId]),
          [[1, null]],
        )
        await moveSlowly(at, directory)
      })
    } finally {
      rmSync(directory, { recursive: true, force: true })
    }
  },
)

/** Begins to move a topic that takes long to move, and looks at how far that is. */
async function moveSlowly(at: string, directory: string): Promise<void> {
  const ok = async (args: readonly string[], stdin?: string): Promise<string> => {
    const outcome = await braidlog([...args, '-b', at], stdin === undefined ? {} : { stdin })
    assert.equal(outcome.exitCode, 0, `${args.join(' ')}: ${outcome.stderr}`)
    return outcome.stdout
  }
  await ok(['topic', 'create', 'moved', '--replica-assignment', '1'])
  // More than one fetch brings: the limit holds back only the next one.
  const lines = Array.from({ length: 4000 }, () => `${randomBytes(750).toString('base64')}\n`)
  await ok(['produce', '-t', 'moved'], lines.join(''))
  const plan = join(directory, 'plan.json')
  const partitions = [{ topic: 'moved', partition: 0, replicas: [1, 2] }]
  writeFileSync(plan, JSON.stringify({ version: 1, partitions }))
  await ok(['cluster', 'reassign', 'apply', plan, '--throttle', '1000'])
  const status = JSON.parse(await ok(['cluster', 'reassign', 'status', '--sample', '1', '-o', 'json'])) as {
    data: { leader: number; adding: { broker: number; bytesLeft: number }[] }[]
  }
  const [{ adding, leader }] = status.data as [(typeof status.data)[0]]
  assert.deepEqual([leader, adding.map(({ broker }) => broker)], [1, [2]])
  assert.ok(adding[0]!.bytesLeft > 0, `${adding[0]!.bytesLeft} bytes left`)
  assert.match(await ok(['cluster', 'reassign', 'status', '--sample', '1']), /MiB left/)
  await ok(['cluster', 'reassign', 'cancel', '-y'])
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
