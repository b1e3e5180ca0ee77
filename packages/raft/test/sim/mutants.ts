/**
 * Planted bugs: one rule of the protocol broken by one change of the source, which the simulation must notice. A change
 * whose text does not stand in the source exactly once is an error, so the list cannot go stale unseen.
 */
import * as fs from 'node:fs'
import { registerHooks } from 'node:module'
import { fileURLToPath } from 'node:url'
import type { RaftMachine } from '../../src/machine/machine.ts'
import { simulate } from './world.ts'

export interface Mutant {
  readonly name: string
  /** The first that shows it; `findSeed` finds another when the simulation has changed. */
  readonly seed: number
  /** In `src/machine`. */
  readonly file: string
  readonly from: string
  readonly to: string
}

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'a vote is not persisted before it is answered',
    seed: 1,
    file: 'voting.ts',
    from: '  raft.voted = candidate\n  raft.persist()\n',
    to: '  raft.voted = candidate\n',
  },
  {
    name: 'a second candidate gets a vote in the same epoch',
    seed: 1,
    file: 'voting.ts',
    from: 'if (raft.voted !== undefined) return raft.votedFor(request.candidate)',
    to: '',
  },
  {
    name: 'a vote is given to a log that lacks something',
    seed: 149,
    file: 'voting.ts',
    from: 'return raft.leaderId === NO_NODE && isComplete',
    to: 'return raft.leaderId === NO_NODE',
  },
  {
    name: 'the longer log wins, whatever its epoch',
    seed: 2,
    file: 'log-view.ts',
    from: 'return epoch > this.lastEpoch || (epoch === this.lastEpoch && offset >= this.#endOffset)',
    to: 'return offset >= this.#endOffset',
  },
  {
    name: 'half of the voters are a majority',
    seed: 1,
    file: 'state.ts',
    from: 'return Math.floor(this.voters.voters.length / 2) + 1',
    to: 'return Math.max(1, Math.ceil(this.voters.voters.length / 2))',
  },
  {
    name: 'the leader counts what is not on its disk',
    seed: 1,
    file: 'serving.ts',
    from: '? log.durableOffset : voterOffset',
    to: '? log.endOffset : voterOffset',
  },
  {
    name: 'a voter that has not fetched counts as one that has the first batch of the epoch',
    seed: 1,
    file: 'serving.ts',
    from: 'let endOffset = 0\n',
    to: 'let endOffset = leader.epochStartOffset + 1\n',
  },
  {
    name: 'records of earlier epochs are committed by counting copies',
    seed: 625,
    file: 'serving.ts',
    from: 'if (offset <= leader.epochStartOffset || offset <= raft.highWatermark) return',
    to: 'if (offset <= raft.highWatermark) return',
  },
  {
    name: 'a follower fetches on before its disk has what it fetched',
    seed: 1,
    file: 'following.ts',
    from: 'return raft.log.durableOffset === raft.log.endOffset',
    to: 'return true',
  },
  {
    name: 'a diverging log is cut to the high watermark',
    seed: 28,
    file: 'following.ts',
    from: 'const offset = raft.log.truncationFor(diverging)',
    to: 'const offset = Math.max(raft.highWatermark, raft.log.startOffset)',
  },
  {
    name: 'a diverging log is cut to where the leader says, whatever the epoch',
    seed: 40,
    file: 'log-view.ts',
    from: 'own.epoch === diverging.epoch ? Math.min(own.endOffset, diverging.endOffset) : own.endOffset',
    to: 'diverging.endOffset',
  },
  {
    name: 'a diverging log is not noticed',
    seed: 1,
    file: 'log-view.ts',
    from: "if (end.epoch !== lastEpoch || end.endOffset < offset) return { kind: 'diverging', end }",
    to: '',
  },
  {
    name: 'voters stay in force when their record is truncated',
    seed: 107,
    file: 'following.ts',
    from: '  raft.voters.truncateTo(offset)\n',
    to: '',
  },
  {
    name: 'a leader goes on in its epoch after a restart',
    seed: 13,
    file: 'machine.ts',
    from: "raft.role = { name: 'resigned', electionDeadlineMs, candidates: [], untold }",
    to:
      "raft.role = { name: 'leader', epochStartOffset: raft.log.endOffset, replicas: [], parked: [], " +
      'checkQuorumDeadlineMs: raft.nowMs + 3000, heardFrom: new Set(), beginEpochAtMs: new Map(), told: new Map(), change: undefined }; ' +
      "raft.emit({ type: 'begin-epoch', epoch: raft.epoch, grantedBy: [] })",
  },
  {
    name: 'a second change of voters begins before the first is committed',
    seed: 2,
    file: 'voter-change.ts',
    from: '  if (leader.change !== undefined)\n',
    to: '  if (raft.voters.quorum.kraftVersion > 0) return undefined\n  if (leader.change !== undefined)\n',
  },
  {
    name: 'a static quorum becomes a dynamic one before its voters have told of themselves',
    seed: 9,
    file: 'version-upgrade.ts',
    from: 'kraftVersions: KRAFT_VERSIONS } : leader.told.get(id)',
    to: 'kraftVersions: KRAFT_VERSIONS } : (leader.told.get(id) ?? { id, directoryId, endpoints })',
  },
  {
    name: 'a removed replica never stands for election, though its removal may be lost',
    seed: 7,
    file: 'state.ts',
    from: 'return this.voters.quorumAt(this.highWatermark).voters.some((voter) => matches(voter, this.local))',
    to: 'return false',
  },
  {
    name: 'the high watermark of a follower passes the end of its log',
    seed: 1,
    file: 'following.ts',
    from: 'const offset = Math.min(leaders, raft.log.endOffset)',
    to: 'const offset = leaders',
  },
  {
    name: 'a snapshot is put in place and the high watermark forgotten',
    seed: 8,
    file: 'following.ts',
    from: '  raft.log.startAt(id)\n',
    to: '  raft.log.startAt({ ...id, epoch: 0 })\n',
  },
  {
    name: 'epochs stay known when their records are truncated',
    seed: 4,
    file: 'log-view.ts',
    from: 'while (this.#epochs.length > 0 && this.#epochs.at(-1)!.startOffset >= offset) this.#epochs.pop()',
    to: '',
  },
  {
    name: 'a majority of the voters before the last change commits',
    seed: 7,
    file: 'serving.ts',
    from: 'const offsets = raft.voters.voters\n',
    to: 'const offsets = raft.voters.quorumAt(raft.highWatermark).voters\n',
  },
  {
    name: 'a replica that is before the log gets no snapshot',
    seed: 13,
    file: 'log-view.ts',
    from: "if (beforeLog && this.#latestSnapshot !== undefined) return { kind: 'snapshot', id: this.#latestSnapshot }",
    to: '',
  },
  {
    name: 'an election that nobody wins is not tried again',
    seed: 1,
    file: 'voting.ts',
    from: "if (role.name === 'candidate') becomeProspective(raft)\n    else giveUp(raft)\n    return\n",
    to: 'return\n',
  },
]

const FOLDER = new URL('../../src/machine/', import.meta.url).href
let hooked = false

/** @returns the machine with that bug in it; all other modules are the real ones */
export async function loadMutant(mutant: Mutant): Promise<typeof RaftMachine> {
  if (!hooked) {
    hooked = true
    registerHooks({ resolve: resolveMutant, load: loadSource })
  }
  const index = MUTANTS.indexOf(mutant)
  const module = (await import(`${FOLDER}machine.ts?mutant=${index}`)) as { RaftMachine: typeof RaftMachine }
  return module.RaftMachine
}

/** @returns the first seed that shows the bug, `undefined` when none up to `seedMax` does */
export function findSeed(Machine: typeof RaftMachine, seedMax: number): number | undefined {
  for (let seed = 1; seed <= seedMax; seed++) if (!survives(Machine, seed)) return seed
  return undefined
}

/** Whether the run with this seed notices nothing. */
export function survives(Machine: typeof RaftMachine, seed: number): boolean {
  try {
    simulate(seed, { Machine })
    return true
  } catch {
    return false
  }
}

type Hooks = Parameters<typeof registerHooks>[0]

const resolveMutant: Hooks['resolve'] = (specifier, context, next) => {
  const resolved = next(specifier, context)
  const query = context.parentURL?.match(/\?mutant=\d+$/)?.[0]
  if (query === undefined || !resolved.url.startsWith(FOLDER)) return resolved
  return { ...resolved, url: resolved.url + query }
}

const loadSource: Hooks['load'] = (url, context, next) => {
  const index = url.match(/\?mutant=(\d+)$/)?.[1]
  if (index === undefined) return next(url, context)
  const path = fileURLToPath(url.slice(0, url.indexOf('?')))
  const mutant = MUTANTS[Number(index)]!
  let source = fs.readFileSync(path, 'utf8')
  if (path.endsWith(`/${mutant.file}`)) {
    if (source.split(mutant.from).length !== 2) throw new Error(`"${mutant.name}": its text is not once in ${path}`)
    source = source.replace(mutant.from, () => mutant.to)
  }
  return { format: 'module-typescript', source, shortCircuit: true }
}
