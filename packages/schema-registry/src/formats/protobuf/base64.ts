/** Base64 (RFC 4648) without the host's help. */

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

export function toBase64(bytes: Uint8Array): string {
  const out: string[] = []
  for (let i = 0; i < bytes.length; i += 3) {
    const [a = 0, b, c] = [bytes[i], bytes[i + 1], bytes[i + 2]]
    const bits = (a << 16) | ((b ?? 0) << 8) | (c ?? 0)
    out.push(
      (ALPHABET[bits >> 18] ?? '') +
        (ALPHABET[(bits >> 12) & 63] ?? '') +
        (b === undefined ? '=' : (ALPHABET[(bits >> 6) & 63] ?? '')) +
        (c === undefined ? '=' : (ALPHABET[bits & 63] ?? '')),
    )
  }
  return out.join('')
}

/** Both alphabets, with or without padding. @returns undefined for text that is not base64 */
export function fromBase64(text: string): Uint8Array | undefined {
  const digits = text.trim().replace(/=+$/, '').replaceAll('-', '+').replaceAll('_', '/')
  if (digits.length % 4 === 1) return undefined
  const bytes = new Uint8Array(Math.floor((digits.length * 3) / 4))
  let bits = 0
  let count = 0
  let at = 0
  for (const digit of digits) {
    const value = ALPHABET.indexOf(digit)
    if (value < 0) return undefined
    bits = ((bits << 6) | value) & 0xffffff
    count += 6
    if (count >= 8) {
      count -= 8
      bytes[at++] = (bits >> count) & 0xff
    }
  }
  return bytes
}
