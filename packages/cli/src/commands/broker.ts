/** `braidlog broker`: single brokers. */
import { Command } from '@commander-js/extra-typings'
import { parseCount, remote, type Cli } from '../command.ts'

export function define(cli: Cli) {
  return new Command('broker').description('list brokers, forget one').addCommand(list(cli)).addCommand(unregister(cli))
}

function list(cli: Cli) {
  return remote('list', 'all registered brokers, those that are down too').action((flags) =>
    cli.execute('broker list', flags, async (context) => {
      const admin = (await context.kafka()).admin()
      const { brokers } = await admin.describeCluster({ ...context.call, includeFenced: true })
      return {
        data: brokers,
        table: {
          columns: [
            { title: 'broker', align: 'right' },
            { title: 'host' },
            { title: 'port', align: 'right' },
            { title: 'rack' },
            { title: 'state' },
          ],
          rows: brokers.map(({ nodeId, host, port, rack, fenced }) => [
            nodeId,
            host,
            port,
            rack,
            fenced ? 'fenced' : 'up',
          ]),
        },
      }
    }),
  )
}

function unregister(cli: Cli) {
  return remote('unregister', 'forget a broker that has been stopped and will not come back')
    .argument('<id>', 'node id', parseCount)
    .option('-y, --yes', 'do not ask')
    .action((nodeId, flags) =>
      cli.execute('broker unregister', flags, async (context) => {
        const admin = (await context.kafka()).admin()
        const topics = await admin.describeTopics(undefined, context.call)
        const left = topics.flatMap(({ partitions }) => partitions.filter(({ replicas }) => replicas.includes(nodeId)))
        const question =
          left.length === 0
            ? `Forget broker ${nodeId}?`
            : `Forget broker ${nodeId}? It still has replicas of ${left.length} partitions; move them first with \`braidlog cluster reassign\`.`
        await context.terminal.confirm(question, flags.yes === true)
        await admin.unregisterBroker(nodeId, context.call)
        return { data: { nodeId }, text: `Broker ${nodeId} is forgotten.` }
      }),
    )
}
