/** Who the controllers are: `controller.quorum.voters` and `controller.quorum.bootstrap.servers`. */
import type { BrokerConfigs } from '@braidlog/model'
import { ZERO_UUID } from '@braidlog/model'
import type { RaftTimeouts, Voter } from '@braidlog/raft'
import { ServerError } from './errors.ts'
import type { ListenerConfigs } from './listeners.ts'

export interface QuorumConfig {
  /** Of a static quorum; empty: the quorum is dynamic, its log says who votes. */
  readonly voters: readonly Voter[]
  readonly bootstrapServers: readonly { readonly host: string; readonly port: number }[]
  /** This node is the only voter and nobody can join it: no listener for controllers, no network. */
  readonly isAlone: boolean
  readonly timeouts: RaftTimeouts
}

const VOTERS = 'controller.quorum.voters'
const BOOTSTRAP_SERVERS = 'controller.quorum.bootstrap.servers'

/** @throws ServerError `INVALID_CONFIG` */
export function resolveQuorum(values: BrokerConfigs, listeners: ListenerConfigs): QuorumConfig {
  const nodeId = values['node.id']
  const isController = values['process.roles'].includes('controller')
  const voters = values[VOTERS].map((text) => parseVoter(text, listeners.controllerName))
  const bootstrapServers = values[BOOTSTRAP_SERVERS].map((text) => parseAddress(BOOTSTRAP_SERVERS, text))
  const twice = voters.find((voter, i) => voters.findIndex((other) => other.id === voter.id) !== i)
  if (twice !== undefined) throw invalid(VOTERS, `names node ${twice.id} twice`)
  const votes = voters.some((voter) => voter.id === nodeId)
  if (isController && voters.length > 0 && !votes) {
    throw invalid(VOTERS, `does not name node ${nodeId}, which has the controller role (process.roles)`)
  }
  if (!isController && votes) {
    throw invalid(VOTERS, `names node ${nodeId}, which does not have the controller role (process.roles)`)
  }
  if (!isController && voters.length + bootstrapServers.length === 0) {
    throw invalid(
      BOOTSTRAP_SERVERS,
      `must say where the controllers are, as in 127.0.0.1:9093; node ${nodeId} is not one (process.roles)`,
    )
  }
  const hasOthers = voters.length > 1 || bootstrapServers.length > 0
  if (isController && hasOthers && !listeners.opensController) {
    throw invalid(
      'listeners',
      `must have a listener for the other controllers, as in ${listeners.controllerName}://127.0.0.1:9093`,
    )
  }
  return {
    voters,
    bootstrapServers,
    isAlone: isController && !listeners.opensController,
    timeouts: {
      electionTimeoutMs: values['controller.quorum.election.timeout.ms'],
      fetchTimeoutMs: values['controller.quorum.fetch.timeout.ms'],
      electionBackoffMaxMs: values['controller.quorum.election.backoff.max.ms'],
      requestTimeoutMs: values['controller.quorum.request.timeout.ms'],
      retryBackoffMs: values['controller.quorum.retry.backoff.ms'],
    },
  }
}

function parseVoter(text: string, listenerName: string): Voter {
  const at = text.indexOf('@')
  const { host, port } = parseAddress(VOTERS, text.slice(at + 1))
  return { id: Number(text.slice(0, at)), directoryId: ZERO_UUID, endpoints: [{ name: listenerName, host, port }] }
}

function parseAddress(key: string, text: string): { host: string; port: number } {
  const match = /^(?:\[([^\]]+)\]|([^:]+)):(\d+)$/.exec(text.trim())
  if (match === null) throw invalid(key, `must have host:port, not "${text}"`)
  return { host: (match[1] ?? match[2])!, port: Number(match[3]) }
}

function invalid(key: string, problem: string): ServerError {
  return new ServerError('INVALID_CONFIG', `${key} ${problem}`, { key })
}
