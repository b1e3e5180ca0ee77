/** Which consumer groups have records of a schema still before them. */
import type { Kafka } from '@braidlog/client'
import type { SchemaUse } from './usage-index.ts'

export interface SchemaUseByGroups extends SchemaUse {
  /** Their committed offset is at or below the last use; in order. */
  readonly groups: readonly string[]
}

const GROUPS_AT_A_TIME = 16

export async function withGroups(
  kafka: Kafka,
  uses: readonly SchemaUse[],
  call: { readonly signal?: AbortSignal | undefined; readonly timeoutMs?: number | undefined } = {},
): Promise<SchemaUseByGroups[]> {
  const admin = kafka.admin()
  const listed = uses.length === 0 ? [] : await admin.listGroups(call)
  const names = listed.map(({ groupId }) => groupId).toSorted()
  /** Groups with their offset, by partition. */
  const committed = new Map<string, [group: string, offset: number][]>()
  for (let at = 0; at < names.length; at += GROUPS_AT_A_TIME) {
    const some = names.slice(at, at + GROUPS_AT_A_TIME)
    const offsets = await Promise.all(some.map((group) => admin.listGroupOffsets(group, undefined, call)))
    for (const [i, each] of offsets.entries()) {
      for (const { topic, partition, offset } of each) {
        const place = `${topic}/${partition}`
        const there = committed.get(place) ?? []
        there.push([some[i]!, Number(offset)])
        committed.set(place, there)
      }
    }
  }
  return uses.map((use) => ({
    ...use,
    groups: (committed.get(`${use.topic}/${use.partition}`) ?? [])
      .filter(([, offset]) => offset <= use.lastOffset)
      .map(([group]) => group),
  }))
}
