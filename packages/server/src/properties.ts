/** Reads `server.properties`: the format of `java.util.Properties`. */

/** @returns key → value, the last of equal keys winning */
export function parseProperties(text: string): Map<string, string> {
  const properties = new Map<string, string>()
  for (const line of logicalLines(text)) {
    const { key, value } = splitLine(line)
    if (key !== '') properties.set(unescape(key), unescape(value))
  }
  return properties
}

/** Lines without comments; a line that ends in an odd number of backslashes goes on in the next one. */
function logicalLines(text: string): string[] {
  const lines: string[] = []
  let pending: string | undefined
  for (const raw of text.split(/\r\n|\r|\n/)) {
    const line = raw.replace(/^[ \t\f]+/, '')
    if (pending === undefined && (line === '' || line[0] === '#' || line[0] === '!')) continue
    const whole: string = (pending ?? '') + line
    const backslashes = /\\*$/.exec(whole)![0].length
    if (backslashes % 2 === 1) pending = whole.slice(0, -1)
    else {
      lines.push(whole)
      pending = undefined
    }
  }
  if (pending !== undefined) lines.push(pending)
  return lines
}

/** The key ends at the first `=`, `:` or white space that is not escaped. */
function splitLine(line: string): { key: string; value: string } {
  let at = 0
  while (at < line.length && !/[=: \t\f]/.test(line[at]!)) at += line[at] === '\\' ? 2 : 1
  const key = line.slice(0, at)
  const value = line.slice(at).replace(/^[ \t\f]*[=:]?[ \t\f]*/, '')
  return { key, value: value.trimEnd() }
}

function unescape(text: string): string {
  return text.replace(/\\(?:u([0-9a-fA-F]{4})|([\s\S]))/g, (_, hex: string | undefined, char: string | undefined) => {
    if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16))
    return { t: '\t', n: '\n', r: '\r', f: '\f' }[char!] ?? char!
  })
}
