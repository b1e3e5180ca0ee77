/**
 * `meta.properties`: whose directory this is. Java properties with the keys version (1), cluster.id, node.id and
 * directory.id; unknown keys are kept out, as Apache Kafka does when it rewrites the file.
 *
 * Source: `MetaProperties` of Apache Kafka (KIP-858 for directory.id).
 */
import type { Storage } from '@braidlog/base'
import { parseUuid, type Uuid } from '@braidlog/model'
import { isReservedDirectoryId } from './directory-id.ts'
import { MetadataError } from './errors.ts'

export const META_PROPERTIES_FILE = 'meta.properties'

export interface MetaProperties {
  readonly version: 1
  readonly clusterId: string
  readonly nodeId: number
  /** Absent in directories from before KIP-858. */
  readonly directoryId: Uuid | undefined
}

/** @returns `undefined` when the directory is not formatted @throws MetadataError `CORRUPT` */
export function readMetaProperties(storage: Storage, directory: string): MetaProperties | undefined {
  const path = `${directory}/${META_PROPERTIES_FILE}`
  if (!storage.exists(path)) return undefined
  return parseMetaProperties(new TextDecoder().decode(storage.readFile(path)), path)
}

export function writeMetaProperties(storage: Storage, directory: string, properties: MetaProperties): Promise<void> {
  const lines = [
    `node.id=${properties.nodeId}`,
    ...(properties.directoryId === undefined ? [] : [`directory.id=${properties.directoryId}`]),
    `version=${properties.version}`,
    `cluster.id=${properties.clusterId}`,
  ]
  const text = `${lines.join('\n')}\n`
  return storage.writeFileAtomic(`${directory}/${META_PROPERTIES_FILE}`, new TextEncoder().encode(text))
}

export function parseMetaProperties(text: string, path: string): MetaProperties {
  const values = parseProperties(text)
  const version = values.get('version')
  if (version !== '1') {
    const said = version === undefined ? 'no version' : `version ${version}`
    throw new MetadataError('CORRUPT', `${path} has ${said}; version 1 is expected (version 0 was ZooKeeper's)`)
  }
  const clusterId = values.get('cluster.id')
  if (clusterId === undefined || clusterId === '') throw new MetadataError('CORRUPT', `${path} has no cluster.id`)
  const nodeId = values.get('node.id')
  if (nodeId === undefined || !/^\d{1,10}$/.test(nodeId)) {
    throw new MetadataError('CORRUPT', `${path} has no node.id that is a number of at least 0`)
  }
  const directoryText = values.get('directory.id')
  const directoryId = directoryText === undefined ? undefined : parseUuid(directoryText)
  if (directoryText !== undefined && (directoryId === undefined || isReservedDirectoryId(directoryId))) {
    throw new MetadataError('CORRUPT', `${path}: directory.id ${directoryText} is no uuid, or a reserved one`)
  }
  return { version: 1, clusterId, nodeId: Number(nodeId), directoryId }
}

/** Java properties as this file uses them: comments, `=` or `:`, backslash escapes of single characters. */
function parseProperties(text: string): Map<string, string> {
  const values = new Map<string, string>()
  for (const line of text.split(/\r?\n/)) {
    const match = /^\s*([^#!=:\s][^=:\s]*)\s*[=:]?\s*(.*)$/.exec(line)
    if (match !== null) values.set(match[1]!, match[2]!.trimEnd().replaceAll(/\\(.)/g, '$1'))
  }
  return values
}
