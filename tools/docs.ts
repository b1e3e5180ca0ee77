/** Puts the code of examples into the pages that show them: `node tools/docs.ts`. */
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = resolve(dirname(fileURLToPath(import.meta.url)), '..')

export function markdownFiles(): string[] {
  return execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.md'], {
    cwd: root,
    encoding: 'utf8',
  })
    .split('\n')
    .filter((file) => file !== '')
}

/** @returns the page with every example block filled from its file */
export function withExamples(page: string): string {
  return page.replace(/^```ts (examples\/\S+)\n[\s\S]*?^```$/gm, (_block, path: string) => {
    const code = readFileSync(join(root, path), 'utf8')
    return `\`\`\`ts ${path}\n${code.replace(/^\/\*\*[\s\S]*?\*\/\n/, '')}\`\`\``
  })
}

if (import.meta.main) {
  for (const file of markdownFiles()) {
    const old = readFileSync(join(root, file), 'utf8')
    const text = withExamples(old)
    if (text === old) continue
    writeFileSync(join(root, file), text)
    console.log(`written: ${file}`)
  }
}
