/** The lock of a data directory. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import * as fs from 'node:fs'
import * as os from 'node:os'
import * as path from 'node:path'
import { afterEach, beforeEach, it } from 'node:test'
import { ServerError } from '@braidlog/server'
import { LOCK_FILE, lockDirectory } from '../src/lock-file.ts'

let directory: string
beforeEach(() => {
  directory = fs.mkdtempSync(path.join(os.tmpdir(), 'braidlog-lock-'))
})
afterEach(() => fs.rmSync(directory, { recursive: true, force: true }))

const isLocked = (error: unknown): boolean => error instanceof ServerError && error.code === 'DIRECTORY_LOCKED'

it('a directory can be locked once, and again after it was given back', () => {
  const unlock = lockDirectory(directory)
  assert.throws(() => lockDirectory(directory), isLocked)
  unlock()
  lockDirectory(directory)()
  assert.equal(fs.existsSync(path.join(directory, LOCK_FILE)), false)
})

it('a lock of a living process is respected, and the message names it', () => {
  fs.writeFileSync(path.join(directory, LOCK_FILE), `${process.ppid}\n`)
  assert.throws(
    () => lockDirectory(directory),
    (error) => isLocked(error) && new RegExp(`process ${process.ppid}`).test((error as Error).message),
  )
})

for (const [what, content] of [
  ['of a process that is gone', '999999999 1\n'],
  ['of a process whose id was given to another one', `${process.ppid} 1\n`],
  ['of an earlier process with our own id', `${process.pid} 1\n`],
  ['left empty, as Apache Kafka leaves it', ''],
] as const) {
  it(`a lock ${what} is taken over`, { skip: process.platform !== 'linux' && what.includes('another') }, () => {
    fs.writeFileSync(path.join(directory, LOCK_FILE), content)
    lockDirectory(directory)()
  })
}

it(
  'a lock of a process that has ended but was not reaped is taken over',
  { skip: process.platform !== 'linux' },
  async () => {
    // The shell becomes `sleep`, which never asks for the exit code of the child it inherits; the child waits for that.
    const child = 'sh -c "until grep -q sleep /proc/$$/comm; do :; done"'
    const shell = spawn('sh', ['-c', `${child} & echo $!; exec sleep 60`], {
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const [output] = (await once(shell.stdout, 'data')) as [Buffer]
    const pid = Number(output.toString())
    while (!/^\d+ \(.*\) Z/.test(fs.readFileSync(`/proc/${pid}/stat`, 'utf8'))) {
      await new Promise((resolve) => setImmediate(resolve))
    }
    fs.writeFileSync(path.join(directory, LOCK_FILE), `${pid}\n`)
    lockDirectory(directory)()
    shell.kill()
  },
)

it('a missing or unwritable directory is a clear error', () => {
  assert.throws(
    () => lockDirectory(path.join(directory, 'nowhere')),
    (error) => error instanceof ServerError && error.code === 'DIRECTORY_UNUSABLE',
  )
})
