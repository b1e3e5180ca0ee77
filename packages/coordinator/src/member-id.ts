/** What makes a member id unique: a random uuid in the form that Java prints. */
import { randomBytes, type Random } from '@braidlog/base'

export function memberIdSuffix(random: Random): string {
  const bytes = randomBytes(random, 16)
  bytes[6] = (bytes[6]! & 0x0f) | 0x40
  bytes[8] = (bytes[8]! & 0x3f) | 0x80
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}
