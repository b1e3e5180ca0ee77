/** Tables in Markdown as the formatter of this repository would lay them out. */

/** @param lines rows of `| a | b |`, the second one with the alignment */
export function alignedTable(lines: readonly string[]): string[] {
  const rows = lines.map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
  const isRight = rows[1]!.map((mark) => mark.endsWith(':'))
  const widths = isRight.map((_, column) =>
    Math.max(3, ...rows.filter((_row, index) => index !== 1).map((row) => row[column]!.length)),
  )
  return rows.map((row, index) => {
    const cells = row.map((cell, column) => {
      const width = widths[column]!
      if (index === 1) return isRight[column]! ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width)
      return isRight[column]! ? cell.padStart(width) : cell.padEnd(width)
    })
    return `| ${cells.join(' | ')} |`
  })
}
