/** The program as a process: signals, pipes that close, exit codes. */
import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'

const MAIN = join(import.meta.dirname, '..', 'bin', 'braidlog.js')
const folder = mkdtempSync(join(tmpdir(), 'braidlog-main-'))
test.after(() => rmSync(folder, { recursive: true, force: true }))

function start(...args: string[]): ChildProcess {
  return spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'], env: { HOME: folder } })
}

/** Resolves with what stdout has printed, once it contains `text`. Rejects when it ends without. */
function printed(child: ChildProcess, text: string): Promise<string> {
  let out = ''
  let err = ''
  child.stderr!.on('data', (chunk: Buffer) => (err += chunk.toString()))
  return new Promise((resolve, reject) => {
    child.stdout!.on('data', (chunk: Buffer) => {
      out += chunk.toString()
      if (out.includes(text)) resolve(out)
    })
    child.once('close', (code) => reject(new Error(`ended with ${code} before '${text}':\n${out}${err}`)))
  })
}

function ended(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => child.once('close', resolve))
}

test('the exit code of the program is that of the command', async () => {
  assert.equal(await ended(start('explain', '3')), 0)
  assert.equal(await ended(start('explain', '9999')), 2)
})

test('a reader that has seen enough ends the program quietly', async () => {
  const child = start('--help-json')
  let stderr = ''
  child.stderr!.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  child.stdout!.destroy()
  assert.equal(await ended(child), 0)
  assert.equal(stderr, '')
})

test('dev says where it listens and what to try, and stops cleanly on a signal', async () => {
  const data = join(folder, 'data')
  const child = start('dev', '--data', data, '--port', '0')
  const text = await printed(child, 'Ctrl-C')
  assert.match(text, /Kafka protocol {2}127\.0\.0\.1:\d+/)
  assert.ok(text.includes(data))
  assert.equal(text.match(/^ {2}(?:npx )?braidlog |echo .* \| (?:npx )?braidlog /gm)!.length, 3)

  const second = start('dev', '--data', data, '--port', '0')
  let stderr = ''
  second.stderr!.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  assert.equal(await ended(second), 1)
  assert.match(stderr, /use|lock/i)

  child.kill('SIGTERM')
  assert.equal(await ended(child), 0)
})

test('start runs a node from flags alone', async () => {
  const child = start('start', '--data', join(folder, 'node'), '-c', 'listeners=PLAINTEXT://127.0.0.1:0')
  const text = await printed(child, 'listens on')
  assert.match(text, /PLAINTEXT:\/\/127\.0\.0\.1:[1-9]\d*/)
  child.kill('SIGINT')
  assert.equal(await ended(child), 0)
})
