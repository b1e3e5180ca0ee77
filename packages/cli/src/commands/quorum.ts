/** `braidlog quorum`: the controllers that keep the metadata. */
import { Command } from '@commander-js/extra-typings'
import type { QuorumDescription } from '@braidlog/client'
import { remote, type Cli } from '../command.ts'
import type { Result } from '../output.ts'

export function define(cli: Cli) {
  return new Command('quorum')
    .description('the controllers: leader, voters, how far each has come')
    .addCommand(status(cli))
}

function status(cli: Cli) {
  return remote('status', 'leader, epoch, voters and observers with their lag').action((flags) =>
    cli.execute('quorum status', flags, async (context) => {
      return describeQuorum(await (await context.kafka()).admin().describeQuorum(context.call))
    }),
  )
}

/** Also what `cluster quorum` shows. */
export function describeQuorum(data: QuorumDescription): Result {
  const end = data.voters.find(({ nodeId }) => nodeId === data.leader)?.logEndOffset ?? data.highWatermark
  const lag = (logEndOffset: bigint): bigint | null => (logEndOffset < 0n ? null : end - logEndOffset)
  const row = (role: string) => (replica: QuorumDescription['voters'][number]) => [
    replica.nodeId,
    replica.nodeId === data.leader ? 'leader' : role,
    replica.logEndOffset < 0n ? null : replica.logEndOffset,
    lag(replica.logEndOffset),
    replica.lastCaughtUpTimestamp === null || replica.lastCaughtUpTimestamp < 0
      ? null
      : new Date(replica.lastCaughtUpTimestamp).toISOString(),
  ]
  return {
    data,
    before: `leader ${data.leader}, epoch ${data.leaderEpoch}, high watermark ${data.highWatermark}\n`,
    table: {
      columns: [
        { title: 'node', align: 'right' },
        { title: 'role' },
        { title: 'log end', align: 'right' },
        { title: 'lag', align: 'right' },
        { title: 'caught up', wide: true },
      ],
      rows: [...data.voters.map(row('voter')), ...data.observers.map(row('observer'))],
    },
  }
}
