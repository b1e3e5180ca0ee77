/**
 * The documentation is true: generated pages are current, code in pages is the code of an example, and the examples run
 * (`examples.test.ts`).
 *
 * A code block that shows an example is opened by three backticks, `ts` and the path; its text is written by
 * `node tools/docs.ts`, and this test fails when it differs.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { markdownFiles, root, withExamples } from './docs.ts'
import { referencePages } from './reference.ts'

test('generated reference pages are current (node tools/reference.ts writes them)', () => {
  for (const [path, text] of referencePages()) {
    assert.equal(readFileSync(join(root, path), 'utf8'), text, `${path} is out of date`)
  }
})

test('code in the documentation is the code of the examples (node tools/docs.ts writes it)', () => {
  for (const file of markdownFiles()) {
    const text = readFileSync(join(root, file), 'utf8')
    assert.equal(text, withExamples(text), `${file} shows an example that has changed`)
  }
})

test('functions that ARCHITECTURE.md links to are in the files it names', () => {
  const page = readFileSync(join(root, 'docs/ARCHITECTURE.md'), 'utf8')
  const links = [...page.matchAll(/\[`([A-Za-z]+)`\]\(\.\.\/([^)]+\.ts)\)/g)]
  assert.ok(links.length > 20, 'the pattern finds the links')
  for (const [, name, file] of links) {
    const code = readFileSync(join(root, file!), 'utf8')
    assert.match(
      code,
      new RegExp(`(?:function|class|const|^  (?:async )?)\\s*${name}\\b`, 'm'),
      `${file} has no ${name}`,
    )
  }
})
