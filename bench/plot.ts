/**
 * Bars with their spread as SVG: a group for each case, a bar for each subject, whiskers from the least to the greatest round.
 *
 * Each group has a scale of its own, since cases differ by orders of magnitude and only subjects are to be compared; the figures stand
 * beside the bars. Colours are chosen to be told apart on light and on dark ground.
 */
import type { Row } from './samples.ts'
import { threeDigits } from './statistics.ts'

export interface PlotOptions {
  readonly title: string
  readonly rows: readonly Row[]
  /** In the order of the bars. */
  readonly subjects: readonly string[]
  readonly nameOf: (subject: string) => string
}

const width = 940
const labelWidth = 410
const barWidth = 400
const barHeight = 11
const groupGap = 9
const top = 46
const colours = ['#2f6fd0', '#c25b16', '#7a8a99', '#3a9d6e', '#a0559e', '#b89b1d', '#5fb0c9']

export function plot({ title, rows, subjects, nameOf }: PlotOptions): string {
  const parts: string[] = []
  let y = top
  for (const row of rows) {
    const present = subjects.filter((subject) => row.subjects[subject] !== undefined)
    const greatest = Math.max(...present.flatMap((subject) => row.subjects[subject]!.rounds.filter(Number.isFinite)))
    if (!(greatest > 0)) continue
    const x = (value: number): number => labelWidth + (value / greatest) * barWidth
    parts.push(text(labelWidth - 8, y + (present.length * barHeight) / 2 + 4, row.case, 'end'))
    for (const subject of present) {
      const { median, rounds } = row.subjects[subject]!
      if (Number.isFinite(median)) {
        const finite = rounds.filter(Number.isFinite)
        const [least, most] = [x(Math.min(...finite)), x(Math.max(...finite))]
        const middle = y + barHeight / 2 - 1
        const colour = colours[subjects.indexOf(subject) % colours.length]
        parts.push(
          `<rect x="${labelWidth}" y="${y}" width="${fixed(x(median) - labelWidth)}" height="${barHeight - 2}" fill="${colour}"/>`,
          `<path d="M${fixed(least)} ${middle}H${fixed(most)}" stroke="#888" stroke-width="1.5"/>`,
          text(Math.max(most, x(median)) + 6, y + barHeight - 2, threeDigits(median), 'start', 10),
        )
      }
      y += barHeight
    }
    y += groupGap
  }
  let legendX = labelWidth
  const legend = subjects.map((subject, index) => {
    const name = nameOf(subject)
    const part = `<rect x="${legendX}" y="26" width="10" height="10" fill="${colours[index % colours.length]}"/>${text(legendX + 14, 35, name, 'start')}`
    legendX += 26 + name.length * 6.6
    return part
  })
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${y}" font-family="system-ui, sans-serif" font-size="11">`,
    // Neither black nor white, so that it can be read on both.
    '<style>text { fill: #777 }</style>',
    text(labelWidth, 14, title, 'start', 13),
    ...legend,
    ...parts,
    '</svg>',
    '',
  ].join('\n')
}

function text(x: number, y: number, content: string, anchor: 'start' | 'end', size?: number): string {
  const escaped = content.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
  return `<text x="${fixed(x)}" y="${fixed(y)}" text-anchor="${anchor}"${size === undefined ? '' : ` font-size="${size}"`}>${escaped}</text>`
}

const fixed = (value: number): string => String(Number(value.toFixed(1)))
