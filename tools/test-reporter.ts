/**
 * Reporter of `npm test` and `npm run conformance`: one line per folder, every failure in full, then the counts.
 *
 * Node's own reporters print a line per test, which buries a failure among thousands of passes. Lines appear as files finish, so a hang
 * shows where it is. Invariant: the counts come from the runner's own summary, never from counting lines, so that a file that died
 * without running a test is a failure here too.
 */
import { relative, sep } from 'node:path'
import { repositoryRoot } from './pinned-node.ts'
import { recordCounts } from './test-counts.ts'
import type { TestEvent } from 'node:test/reporters'

interface Folder {
  passed: number
  failed: number
  skipped: number
  durationMs: number
}

export default async function* reporter(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const folders = new Map<string, Folder>()
  const failures: string[] = []
  const skips: string[] = []
  const countsName = process.env['BRAIDLOG_COUNTS_NAME'] ?? 'tests'
  for await (const event of source) {
    switch (event.type) {
      case 'test:pass':
      case 'test:fail': {
        const { data } = event
        const folder = folderOf(folders, data.file)
        if (data.nesting === 0) folder.durationMs += data.details.duration_ms
        if (data.details.type === 'suite') break
        if (data.skip !== undefined && data.skip !== false) {
          folder.skipped++
          skips.push(`${place(data)}${typeof data.skip === 'string' ? `: ${data.skip}` : ''}`)
        } else if (event.type === 'test:pass') folder.passed++
        else {
          folder.failed++
          const { error } = event.data.details
          // A parent only repeats that a child failed.
          if (failureType(error) !== 'subtestsFailed') failures.push(`✖ ${place(data)}\n${indent(describe(error))}\n`)
        }
        break
      }
      case 'test:stderr':
      case 'test:stdout':
        yield event.data.message
        break
      case 'test:summary': {
        if (event.data.file !== undefined) break
        const { counts } = event.data
        for (const [name, folder] of [...folders].toSorted(([a], [b]) => (a < b ? -1 : 1)))
          yield folderLine(name, folder)
        if (skips.length > 0) yield `\nSkipped:\n${skips.map((skip) => `  ${skip}\n`).join('')}`
        if (failures.length > 0) yield `\n${failures.join('\n')}`
        recordCounts({
          name: countsName,
          passed: counts.passed,
          failed: counts.tests - counts.passed - counts.skipped - counts.todo,
          skipped: counts.skipped + counts.todo,
        })
        break
      }
      default:
        break
    }
  }
}

/** The two folders that say what was tested: `packages/log`, `conformance/clients`, `tools`. */
function folderOf(folders: Map<string, Folder>, file: string | undefined): Folder {
  const parts = file === undefined ? [] : relative(repositoryRoot, file).split(sep).slice(0, -1)
  const name = parts.length === 0 ? 'other' : parts.slice(0, 2).join('/')
  let folder = folders.get(name)
  if (folder === undefined) folders.set(name, (folder = { passed: 0, failed: 0, skipped: 0, durationMs: 0 }))
  return folder
}

function folderLine(name: string, folder: Folder): string {
  const skipped = folder.skipped > 0 ? `, ${folder.skipped} skipped` : ''
  const mark = folder.failed > 0 ? '✖' : '✔'
  return `${mark} ${name.padEnd(28)} ${folder.passed} passed, ${folder.failed} failed${skipped} (${Math.round(folder.durationMs)} ms)\n`
}

function place(data: { name: string; file?: string; line?: number }): string {
  const file =
    data.file === undefined
      ? ''
      : `${relative(repositoryRoot, data.file)}${data.line === undefined ? '' : `:${data.line}`} `
  return `${file}${data.name}`
}

function failureType(error: unknown): string | undefined {
  return typeof error === 'object' && error !== null && 'failureType' in error ? String(error.failureType) : undefined
}

/** The assertion that failed, not the runner's wrapper around it. */
function describe(error: unknown): string {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error
  if (cause instanceof Error) return cause.stack ?? cause.message
  return String(cause)
}

function indent(text: string): string {
  return text
    .split('\n')
    .map((line) => `    ${line}`)
    .join('\n')
}
