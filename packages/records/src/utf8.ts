/** UTF-8 into the middle of an array, cheap for the short ASCII strings that keys and values mostly are. */

const encoder = new TextEncoder()
/** Up to here a loop over char codes beats the call into the engine. */
const LOOP_LENGTH_MAX = 24

/** Bytes that `text` takes as UTF-8; a lone surrogate counts as U+FFFD, which it is written as. */
export function utf8SizeBytes(text: string): number {
  let size = text.length
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit < 0x80) continue
    if (unit < 0x800) size++
    else if (unit < 0xd800 || unit > 0xdbff) size += 2
    else {
      const next = text.charCodeAt(i + 1)
      if (next >= 0xdc00 && next <= 0xdfff) i++ // a pair: two units, four bytes
      size += 2
    }
  }
  return size
}

export type WriteUtf8 = (target: Uint8Array, text: string, at: number) => number

/** Writes as much of `text` as fits. @returns bytes written */
export const encodeUtf8: WriteUtf8 = (target, text, at) => encoder.encodeInto(text, target.subarray(at)).written

/** Like `write`, but short ASCII goes through a loop. */
export function writeText(target: Uint8Array, text: string, at: number, write: WriteUtf8): number {
  if (text.length > LOOP_LENGTH_MAX) return write(target, text, at)
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit >= 0x80) return write(target, text, at)
    target[at + i] = unit
  }
  return text.length
}
