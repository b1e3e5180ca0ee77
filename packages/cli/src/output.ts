/**
 * What a command prints on stdout, in the format that `-o` asks for.
 *
 * A result has one meaning in two shapes: `data`, a versioned contract for programs (`json`, `jsonl`, `yaml`), and a
 * table for people (`table`, `wide`, `tsv`, `name`). Tables have no borders; `tsv` has no header and `-` for empty.
 */
import { styleText } from 'node:util'
import type { ErrorReport } from './exit.ts'

export const OUTPUT_FORMATS = ['table', 'wide', 'json', 'jsonl', 'yaml', 'tsv', 'name'] as const
export type OutputFormat = (typeof OUTPUT_FORMATS)[number]

/** Version of the `data` contract; grows when a field is removed or changes its meaning. */
const CONTRACT_VERSION = 1

export type Cell = string | number | bigint | boolean | null | undefined

export interface Table {
  readonly columns: readonly Column[]
  readonly rows: readonly (readonly Cell[])[]
}

export interface Column {
  readonly title: string
  /** Numbers stand flush right. */
  readonly align?: 'right'
  /** Shown only with `-o wide` (and in `tsv`). */
  readonly wide?: boolean
}

export interface Result {
  readonly data: unknown
  readonly table?: Table
  /** For people, instead of a table; a sentence or a few. */
  readonly text?: string
  /** For people, above the table. */
  readonly before?: string
}

/** Renders a result. @returns text that ends with a newline, or nothing. */
export async function render(command: string, result: Result, format: OutputFormat, color: boolean): Promise<string> {
  switch (format) {
    case 'json':
      return `${toJson({ command, version: CONTRACT_VERSION, data: result.data }, 2)}\n`
    case 'jsonl': {
      const items = Array.isArray(result.data) ? result.data : [result.data]
      return items.map((item) => `${toJson(item)}\n`).join('')
    }
    case 'yaml': {
      const { stringify } = await import('yaml')
      return stringify(JSON.parse(toJson(result.data)))
    }
    case 'tsv':
      return tableOf(result)
        .rows.map((row) => `${row.map((cell) => cellText(cell).replace(/[\t\n]/g, ' ') || '-').join('\t')}\n`)
        .join('')
    case 'name':
      return tableOf(result)
        .rows.map((row) => `${cellText(row[0])}\n`)
        .join('')
    case 'table':
    case 'wide':
      if (result.text !== undefined) return `${result.text}\n`
      return `${result.before ?? ''}${renderTable(tableOf(result), format === 'wide', color)}`
    default:
      return format satisfies never
  }
}

export function renderError(command: string, report: ErrorReport): string {
  const { exitCode: _, ...error } = report
  return `${toJson({ command, version: CONTRACT_VERSION, error }, 2)}\n`
}

/**
 * JSON with 64-bit integers as numbers where a double holds them exactly and as strings beyond; maps as objects, bytes as
 * base64.
 */
export function toJson(value: unknown, indent?: number): string {
  return JSON.stringify(
    value,
    (_key, item: unknown) => {
      if (typeof item === 'bigint') return jsonInteger(item)
      if (item instanceof Map) return Object.fromEntries(item)
      return item instanceof Uint8Array ? Buffer.from(item).toString('base64') : item
    },
    indent,
  )
}

function jsonInteger(value: bigint): number | string {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value.toString()
}

/** A result without a table of its own: names and values. */
function tableOf(result: Result): Table {
  if (result.table) return result.table
  if (result.data === null || typeof result.data !== 'object') {
    return { columns: [{ title: 'value' }], rows: [[result.text ?? toJson(result.data)]] }
  }
  const entries = Object.entries(result.data as Record<string, unknown>)
  return {
    columns: [{ title: 'name' }, { title: 'value' }],
    rows: entries.map(([name, value]) => [
      name,
      value !== null && typeof value === 'object' ? toJson(value) : (value as Cell),
    ]),
  }
}

const cellText = (cell: Cell): string => (cell === null || cell === undefined ? '' : String(cell))

function renderTable(table: Table, wide: boolean, color: boolean): string {
  const shown = table.columns.flatMap((column, index) => (column.wide && !wide ? [] : [index]))
  const cells = table.rows.map((row) => shown.map((index) => cellText(row[index]) || '-'))
  const titles = shown.map((index) => table.columns[index]!.title.toUpperCase())
  const widths = titles.map((title, at) => Math.max(title.length, ...cells.map((row) => row[at]!.length)))
  const line = (texts: readonly string[]): string =>
    texts
      .map((cell, at) => {
        const right = table.columns[shown[at]!]!.align === 'right'
        return right ? cell.padStart(widths[at]!) : at === texts.length - 1 ? cell : cell.padEnd(widths[at]!)
      })
      .join('  ')
      .trimEnd()
  const head = line(titles)
  return [color ? styleText('bold', head, { validateStream: false }) : head, ...cells.map(line)].join('\n') + '\n'
}
