/** The commands of a how-to page, so that a test runs what people are told to type. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const folder = join(import.meta.dirname, '..', '..', 'docs', 'how-to')

export class HowTo {
  readonly #sections: ReadonlyMap<string, string>

  constructor(page: string) {
    const text = readFileSync(join(folder, page), 'utf8')
    this.#sections = new Map(
      text
        .split(/^## /m)
        .slice(1)
        .map((section) => [section.slice(0, section.indexOf('\n')), section]),
    )
  }

  /** Contents of the fenced blocks of one language. */
  blocks(section: string, language: 'sh' | 'properties'): string[] {
    const text = this.#sections.get(section)
    if (text === undefined) throw new Error(`the page has no section ${section}`)
    return [...text.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, 'gms'))].map((match) => match[1]!)
  }

  /** Arguments of each `braidlog` command of a section, remarks left out and lines that go on joined. */
  commands(section: string): string[][] {
    return this.blocks(section, 'sh')
      .join('\n')
      .replaceAll(/\\\n\s*/g, '')
      .split('\n')
      .map((line) => line.replace(/\s+#.*$/, '').trim())
      .filter((line) => line.startsWith('braidlog '))
      .map((line) => [...line.matchAll(/"([^"]*)"|(\S+)/g)].map((match) => match[1] ?? match[2]!).slice(1))
  }
}
