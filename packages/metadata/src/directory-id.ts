/**
 * Ids of log directories with a meaning of their own; the first hundred uuids are reserved for such.
 * Source: `DirectoryId` of Apache Kafka (KIP-858).
 */
import type { Uuid } from '@braidlog/model'

/** Not known yet: the record is from before directories had ids. */
export const DIRECTORY_MIGRATING = 'AAAAAAAAAAAAAAAAAAAAAA' as Uuid
/** The broker has not chosen yet. */
export const DIRECTORY_UNASSIGNED = 'AAAAAAAAAAAAAAAAAAAAAQ' as Uuid
/** A directory that is offline. */
export const DIRECTORY_LOST = 'AAAAAAAAAAAAAAAAAAAAAg' as Uuid

/** Is it one of the hundred? 15 zero bytes and a last byte below 100. */
export function isReservedDirectoryId(id: Uuid): boolean {
  if (!id.startsWith('AAAAAAAAAAAAAAAAAAAA')) return false
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  return alphabet.indexOf(id[20]!) * 4 + (alphabet.indexOf(id[21]!) >> 4) < 100
}
