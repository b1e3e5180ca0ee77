/**
 * Where replicas should be, from where they are: every partition keeps what it can, the rest goes to the brokers with the
 * fewest replicas, on racks that the partition does not have yet. Pure: the same cluster gives the same plan.
 */

export interface PlacedPartition {
  readonly topic: string
  readonly partition: number
  readonly replicas: readonly number[]
}

export interface PlanTarget {
  readonly nodeId: number
  readonly rack: string | null
}

/** @returns the partitions that change, with their new replicas; the first of them is to lead */
export function planReassignment(
  partitions: readonly PlacedPartition[],
  targets: readonly PlanTarget[],
  replicationFactor?: number,
): PlacedPartition[] {
  const racks = new Map(targets.map(({ nodeId, rack }) => [nodeId, rack]))
  const count = new Map(targets.map(({ nodeId }) => [nodeId, 0]))
  const leads = new Map(targets.map(({ nodeId }) => [nodeId, 0]))
  const total = partitions.reduce((sum, { replicas }) => sum + (replicationFactor ?? replicas.length), 0)
  const fairShare = Math.ceil(total / targets.length)
  const kept = partitions.map(({ replicas }) => {
    const wanted = replicationFactor ?? replicas.length
    const stay = replicas.filter((id) => (count.get(id) ?? Infinity) < fairShare).slice(0, wanted)
    for (const id of stay) count.set(id, count.get(id)! + 1)
    return stay
  })
  const planned = partitions.map((each, index) => {
    const replicas = [...kept[index]!]
    while (replicas.length < (replicationFactor ?? each.replicas.length)) {
      const usedRacks = new Set(replicas.map((id) => racks.get(id)))
      const [next] = targets
        .filter(({ nodeId }) => !replicas.includes(nodeId))
        .toSorted(
          (a, b) =>
            Number(a.rack !== null && usedRacks.has(a.rack)) - Number(b.rack !== null && usedRacks.has(b.rack)) ||
            count.get(a.nodeId)! - count.get(b.nodeId)! ||
            a.nodeId - b.nodeId,
        )
      replicas.push(next!.nodeId)
      count.set(next!.nodeId, count.get(next!.nodeId)! + 1)
    }
    // Who leads least so far leads this one; the present leader where it makes no difference.
    const leader = replicas.reduce((best, id) => (leads.get(id)! < leads.get(best)! ? id : best))
    leads.set(leader, leads.get(leader)! + 1)
    return { ...each, replicas: [leader, ...replicas.filter((id) => id !== leader)] }
  })
  return planned.filter(({ replicas }, index) => replicas.join() !== partitions[index]!.replicas.join())
}
