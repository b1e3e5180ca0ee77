/** The hash functions of the JVM that the protocol depends on: which partition of an internal topic owns a key. */

/** `String.hashCode()`: over UTF-16 units, wrapping at 32 bits. */
export function javaStringHash(text: string): number {
  let hash = 0
  for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0
  return hash
}

/** `Utils.abs`: like `Math.abs`, but 0 for the one int that has no positive twin. */
export function javaAbs(int: number): number {
  return int === -0x80000000 ? 0 : Math.abs(int)
}

/** The partition of `__consumer_offsets` (or another internal topic) that a group or transactional id belongs to. */
export function internalPartitionFor(key: string, partitionCount: number): number {
  return javaAbs(javaStringHash(key)) % partitionCount
}
