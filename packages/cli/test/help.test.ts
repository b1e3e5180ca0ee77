/** Every help page against its golden text, so that a change of the command line is seen in review. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { assertGolden, braidlog } from './drive.ts'

interface Tree {
  readonly name: string
  readonly description: string
  readonly options: readonly { readonly flags: string; readonly description: string }[]
  readonly commands: readonly Tree[]
}

async function tree(): Promise<Tree> {
  const { exitCode, stdout } = await braidlog(['--help-json'])
  assert.equal(exitCode, 0)
  return JSON.parse(stdout) as Tree
}

function pathsOf(command: Tree, above: readonly string[] = []): string[][] {
  return command.commands.flatMap((child) => [[...above, child.name], ...pathsOf(child, [...above, child.name])])
}

test('every help page is as it was reviewed', async () => {
  const pages: string[] = []
  for (const path of [[], ...pathsOf(await tree())]) {
    const { exitCode, stdout, stderr } = await braidlog([...path, '--help'])
    assert.equal(exitCode, 0)
    assert.equal(stderr, '')
    pages.push(`$ braidlog ${[...path, '--help'].join(' ')}\n${stdout}`)
  }
  assertGolden('help.txt', pages.join('\n'))
})

test('every command and flag has a description', async () => {
  const { stdout } = await braidlog(['--help-json'])
  const missing: string[] = []
  const walk = (command: Tree, path: string): void => {
    if (command.description === '') missing.push(path)
    for (const { flags, description } of command.options) if (description === '') missing.push(`${path} ${flags}`)
    for (const child of command.commands) walk(child, `${path} ${child.name}`)
  }
  walk(JSON.parse(stdout) as Tree, 'braidlog')
  assert.deepEqual(missing, [])
})

test('without arguments there is help, and it names every noun', async () => {
  const { exitCode, stdout } = await braidlog([])
  assert.equal(exitCode, 0)
  for (const noun of (await tree()).commands) assert.match(stdout, new RegExp(`^  ${noun.name} `, 'm'))
})

test('the version is printed', async () => {
  assert.deepEqual(await braidlog(['--version']), { exitCode: 0, stdout: '0.1.0\n', stderr: '' })
})
