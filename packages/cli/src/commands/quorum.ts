/** `braidlog quorum`: the controllers that keep the metadata. */
import { Command } from '@commander-js/extra-typings'
import type { QuorumDescription } from '@braidlog/client'
import { parseCount, remote, type Cli } from '../command.ts'
import { CliError } from '../exit.ts'
import type { Result } from '../output.ts'

export function define(cli: Cli) {
  return new Command('quorum')
    .description('the controllers: leader, voters, how far each has come')
    .addCommand(status(cli))
    .addCommand(addVoter(cli))
    .addCommand(removeVoter(cli))
}

function status(cli: Cli) {
  return remote('status', 'leader, epoch, voters and observers with their lag').action((flags) =>
    cli.execute('quorum status', flags, async (context) => {
      return describeQuorum(await (await context.kafka()).admin().describeQuorum(context.call))
    }),
  )
}

function addVoter(cli: Cli) {
  return remote('add-voter', 'make a controller that follows the metadata log a voter')
    .argument('<id>', 'node id', parseCount)
    .requiredOption('--endpoint <listener>', 'where its controller listens, such as CONTROLLER://10.0.0.4:9093')
    .option('--directory-id <id>', 'directory.id of its meta.properties; looked up among the observers unless given')
    .action((nodeId, flags) =>
      cli.execute('quorum add-voter', flags, async (context) => {
        const admin = (await context.kafka()).admin()
        const listener = parseEndpoint(flags.endpoint)
        const { observers } = await admin.describeQuorum(context.call)
        const directoryId = flags.directoryId ?? directoryOf(observers, nodeId, 'follows the metadata log')
        await admin.addRaftVoter({ nodeId, directoryId, listeners: [listener] }, context.call)
        return { data: { nodeId, directoryId }, text: `Node ${nodeId} votes now.` }
      }),
    )
}

function removeVoter(cli: Cli) {
  return remote('remove-voter', 'take the vote from a controller')
    .argument('<id>', 'node id', parseCount)
    .option('--directory-id <id>', 'directory.id of the voter; looked up unless given')
    .option('-y, --yes', 'do not ask')
    .action((nodeId, flags) =>
      cli.execute('quorum remove-voter', flags, async (context) => {
        const admin = (await context.kafka()).admin()
        const { voters } = await admin.describeQuorum(context.call)
        const directoryId = flags.directoryId ?? directoryOf(voters, nodeId, 'votes')
        const left = voters.length - 1
        await context.terminal.confirm(`Take the vote from node ${nodeId}? Voters left: ${left}.`, flags.yes === true)
        await admin.removeRaftVoter({ nodeId, directoryId }, context.call)
        return { data: { nodeId, directoryId }, text: `Node ${nodeId} does not vote any more.` }
      }),
    )
}

function parseEndpoint(text: string): { name: string; host: string; port: number } {
  const match = /^([A-Za-z0-9_.-]+):\/\/(?:\[([^\]]+)\]|([^:]+)):(\d+)$/.exec(text)
  if (match === null) throw new CliError(`an endpoint is written NAME://host:port; got '${text}'`)
  return { name: match[1]!, host: (match[2] ?? match[3])!, port: Number(match[4]) }
}

function directoryOf(replicas: QuorumDescription['voters'], nodeId: number, what: string): string {
  const found = replicas.filter((replica) => replica.nodeId === nodeId)
  if (found.length === 0) throw new CliError(`no node ${nodeId} ${what}`, { hint: 'see `braidlog quorum status`' })
  const [{ directoryId }] = found as [QuorumDescription['voters'][number]]
  if (found.length > 1 || directoryId === null) {
    throw new CliError(`which directory of node ${nodeId} is meant is not clear`, {
      hint:
        directoryId === null
          ? 'the quorum is static (controller.quorum.voters); `braidlog cluster upgrade --feature kraft.version=1` makes it one that can be changed'
          : 'name it with --directory-id; `braidlog quorum status -o json` shows them',
    })
  }
  return directoryId
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
    replica.directoryId,
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
        { title: 'directory', wide: true },
        { title: 'caught up', wide: true },
      ],
      rows: [...data.voters.map(row('voter')), ...data.observers.map(row('observer'))],
    },
  }
}
