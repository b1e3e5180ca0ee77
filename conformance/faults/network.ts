/**
 * Hosts on one machine: a network namespace for each node, joined by a bridge in a namespace of its own, so that links can be
 * cut between nodes as between machines. Clients stay in the namespace of this process, on one more port of the bridge.
 *
 *     this process ── port 0 ┐
 *     node 1       ── port 1 ┤
 *     node 2       ── port 2 ┼─ bridge
 *     node 3       ── port 3 ┘
 *
 * Invariant: everything has this process's id in its name, and is gone when this process has ended; what another process
 * left behind that was killed is removed by the next one. Only namespaces made here are touched.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { ensurePackages } from '../peers/debian.ts'
import { run } from '../peers/process.ts'

/** Packets that a node does not get, or that do not leave it. */
export interface Cut {
  readonly direction: 'in' | 'out'
  readonly peers: readonly number[]
  /** Only of connections to this port, on either side; default all. */
  readonly port?: number
}

const PREFIX = 'braidlog-faults'
/** Set aside for tests between networks (RFC 2544): nobody's addresses. */
const SUBNETS = '198.18'
const CLIENT_HOST = 254
const COMMAND_TIMEOUT_MS = 20_000

/** @returns why there can be no namespaces here, or undefined */
export function whyNoNamespaces(): string | undefined {
  if (process.platform !== 'linux') return 'network namespaces are a thing of Linux'
  if (process.getuid?.() !== 0) return 'network namespaces need root: sudo npm run conformance -- faults'
  return undefined
}

export class FaultNetwork {
  readonly nodeIds: readonly number[]
  readonly #name = `${PREFIX}-${process.pid}`
  readonly #subnet: string
  readonly #onExit = (): void => this.#remove()

  private constructor(nodeIds: readonly number[], subnet: string) {
    this.nodeIds = nodeIds
    this.#subnet = subnet
  }

  static async create(nodeIds: readonly number[]): Promise<FaultNetwork> {
    await ensurePackages(['iproute2', 'nftables'])
    removeAbandoned()
    const network = new FaultNetwork(nodeIds, freeSubnet())
    process.on('exit', network.#onExit)
    try {
      await network.#make()
    } catch (error) {
      network.close()
      throw error
    }
    return network
  }

  hostOf(nodeId: number): string {
    return `${this.#subnet}.${nodeId}`
  }

  /** The command that runs a program on the node's host; the process keeps its id. */
  on(nodeId: number, program: string, args: readonly string[]): [program: string, args: string[]] {
    return ['ip', ['netns', 'exec', this.#namespace(nodeId), program, ...args]]
  }

  /** Replaces the cuts of the node. Packets vanish without a word, as in a network that is broken. */
  async cut(nodeId: number, cuts: readonly Cut[]): Promise<void> {
    const rules = (direction: Cut['direction']): string =>
      cuts
        .filter((cut) => cut.direction === direction)
        .flatMap((cut) => this.#rules(cut))
        .join('\n')
    const chain = (direction: Cut['direction']): string =>
      `chain ${direction} {\ntype filter hook ${direction}put priority 0; policy accept;\n${rules(direction)}\n}`
    const table = `flush ruleset\ntable inet faults {\n${chain('in')}\n${chain('out')}\n}\n`
    await this.#nft(nodeId, ['-f', '-'], table)
  }

  async heal(nodeId: number): Promise<void> {
    await this.#nft(nodeId, ['flush', 'ruleset'])
    await this.#ip('-n', this.#switch, 'link', 'set', `port${nodeId}`, 'up')
  }

  /** Takes the cable out of the node's host, as far as its neighbours can tell. */
  async unplug(nodeId: number): Promise<void> {
    await this.#ip('-n', this.#switch, 'link', 'set', `port${nodeId}`, 'down')
  }

  close(): void {
    process.removeListener('exit', this.#onExit)
    this.#remove()
  }

  get #switch(): string {
    return `${this.#name}-switch`
  }

  #namespace(nodeId: number): string {
    return `${this.#name}-${nodeId}`
  }

  async #make(): Promise<void> {
    const bridge = this.#switch
    await this.#ip('netns', 'add', bridge)
    await this.#ip('-n', bridge, 'link', 'add', 'bridge', 'type', 'bridge', 'forward_delay', '0')
    await this.#ip('-n', bridge, 'link', 'set', 'bridge', 'up')
    const clients = `bf${process.pid.toString(36)}`
    await this.#ip('link', 'add', clients, 'type', 'veth', 'peer', 'name', 'port0', 'netns', bridge)
    await this.#ip('addr', 'add', `${this.#subnet}.${CLIENT_HOST}/24`, 'dev', clients)
    await this.#ip('link', 'set', clients, 'up')
    for (const nodeId of this.nodeIds) {
      const host = this.#namespace(nodeId)
      await this.#ip('netns', 'add', host)
      await this.#ip('-n', host, 'link', 'set', 'lo', 'up')
      const veth = ['-n', host, 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', `port${nodeId}`, 'netns', bridge]
      await this.#ip(...veth)
      await this.#ip('-n', host, 'addr', 'add', `${this.hostOf(nodeId)}/24`, 'dev', 'eth0')
      await this.#ip('-n', host, 'link', 'set', 'eth0', 'up')
    }
    for (const port of [0, ...this.nodeIds]) {
      await this.#ip('-n', bridge, 'link', 'set', `port${port}`, 'master', 'bridge', 'up')
    }
  }

  #rules({ direction, peers, port }: Cut): string[] {
    const ends = `ip ${direction === 'in' ? 'saddr' : 'daddr'} { ${peers.map((peer) => this.hostOf(peer)).join(', ')} }`
    if (port === undefined) return [`${ends} drop`]
    return [`${ends} tcp dport ${port} drop`, `${ends} tcp sport ${port} drop`]
  }

  async #nft(nodeId: number, args: readonly string[], input?: string): Promise<void> {
    const [program, all] = this.on(nodeId, 'nft', args)
    await run(program, all, { timeoutMs: COMMAND_TIMEOUT_MS, ...(input === undefined ? {} : { input }) })
  }

  async #ip(...args: string[]): Promise<void> {
    await run('ip', args, { timeoutMs: COMMAND_TIMEOUT_MS })
  }

  #remove(): void {
    removeNamespaces(this.#name)
  }
}

/** The namespaces of runs whose process is gone. */
function removeAbandoned(): void {
  const names = new Set(namespaces().map((name) => /^braidlog-faults-\d+/.exec(name)?.[0]))
  for (const name of names) {
    if (name !== undefined && !existsSync(`/proc/${name.slice(PREFIX.length + 1)}`)) removeNamespaces(name)
  }
}

/** Removes the namespaces of one run, with the interfaces and the processes in them. Synchronous: it runs at exit. */
function removeNamespaces(run: string): void {
  for (const name of namespaces()) {
    if (!name.startsWith(`${run}-`)) continue
    try {
      const pids = execFileSync('ip', ['netns', 'pids', name], { encoding: 'utf8', timeout: COMMAND_TIMEOUT_MS })
      for (const pid of pids.split('\n').filter((line) => line !== '')) endProcess(Number(pid))
      execFileSync('ip', ['netns', 'delete', name], { stdio: 'ignore', timeout: COMMAND_TIMEOUT_MS })
    } catch {
      // Somebody else was faster; the next run looks again.
    }
  }
}

function endProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has just ended.
  }
}

function namespaces(): string[] {
  const directory = '/run/netns'
  return existsSync(directory) ? readdirSync(directory) : []
}

function freeSubnet(): string {
  const taken = new Set(
    Object.values(networkInterfaces()).flatMap((all) =>
      (all ?? []).map(({ address }) => address.split('.', 3).join('.')),
    ),
  )
  for (let at = 0; at < 256; at++) {
    const subnet = `${SUBNETS}.${(process.pid + at) % 256}`
    if (!taken.has(subnet)) return subnet
  }
  throw new Error(`no subnet of ${SUBNETS}.0.0/16 is free`)
}
