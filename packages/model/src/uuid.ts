/**
 * Uuids as Apache Kafka prints them: 22 characters of base64url without padding, standing for 16 bytes big-endian.
 * Source: `org.apache.kafka.common.Uuid`.
 */
import { randomBytes, type Brand, type Random } from '@braidlog/base'

export type Uuid = Brand<string, 'Uuid'>

export const UUID_SIZE_BYTES = 16
export const ZERO_UUID = 'AAAAAAAAAAAAAAAAAAAAAA' as Uuid
/** Topic id of `__cluster_metadata`. */
export const METADATA_TOPIC_ID = 'AAAAAAAAAAAAAAAAAAAAAQ' as Uuid

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const VALUES = new Int8Array(128).fill(-1)
for (let i = 0; i < ALPHABET.length; i++) VALUES[ALPHABET.charCodeAt(i)] = i

/** @param at where the 16 bytes begin in `bytes` */
export function uuidFromBytes(bytes: Uint8Array, at = 0): Uuid {
  let text = ''
  for (let i = at; i < at + 15; i += 3) {
    const group = (bytes[i]! << 16) | (bytes[i + 1]! << 8) | bytes[i + 2]!
    text +=
      ALPHABET[group >> 18]! + ALPHABET[(group >> 12) & 63]! + ALPHABET[(group >> 6) & 63]! + ALPHABET[group & 63]!
  }
  const last = bytes[at + 15]!
  return (text + ALPHABET[last >> 2]! + ALPHABET[(last & 3) << 4]!) as Uuid
}

/** Writes the 16 bytes of `uuid` at `at`. */
export function uuidToBytes(uuid: Uuid, bytes: Uint8Array, at = 0): void {
  for (let i = 0, to = at; i < 20; i += 4, to += 3) {
    const group =
      (VALUES[uuid.charCodeAt(i)]! << 18) |
      (VALUES[uuid.charCodeAt(i + 1)]! << 12) |
      (VALUES[uuid.charCodeAt(i + 2)]! << 6) |
      VALUES[uuid.charCodeAt(i + 3)]!
    bytes[to] = group >> 16
    bytes[to + 1] = group >> 8
    bytes[to + 2] = group
  }
  bytes[at + 15] = (VALUES[uuid.charCodeAt(20)]! << 2) | (VALUES[uuid.charCodeAt(21)]! >> 4)
}

/** @returns the uuid that `text` spells, or `undefined` when it spells none. */
export function parseUuid(text: string): Uuid | undefined {
  if (!/^[A-Za-z0-9_-]{21}[AQgw]$/.test(text)) return undefined
  return text as Uuid
}

/** A random version-4 uuid that is not reserved (the first 100 are) and does not start with `-`. */
export function randomUuid(random: Random): Uuid {
  for (;;) {
    const bytes = randomBytes(random, UUID_SIZE_BYTES)
    bytes[6] = (bytes[6]! & 0x0f) | 0x40
    bytes[8] = (bytes[8]! & 0x3f) | 0x80
    const uuid = uuidFromBytes(bytes)
    if (!uuid.startsWith('-')) return uuid
  }
}
