/** Where a node listens and what it tells its clients: `listeners`, `advertised.listeners` and their protocols. */
import { ServerError } from './errors.ts'

export interface ListenerConfig {
  /** In capitals, such as `PLAINTEXT`. */
  readonly name: string
  /** '' stands for all addresses. */
  readonly host: string
  /** 0: any free port. */
  readonly port: number
}

export interface ListenerConfigs {
  /** For clients. */
  readonly broker: readonly ListenerConfig[]
  /** Of the controller role; registered with the quorum, not opened while this node is the only voter. */
  readonly controller: readonly ListenerConfig[]
  /** By listener name; a listener without an entry is advertised as it is bound. */
  readonly advertised: ReadonlyMap<string, ListenerConfig>
}

export interface ListenerTexts {
  readonly listeners: readonly string[]
  readonly advertisedListeners: readonly string[] | null
  readonly controllerListenerNames: readonly string[]
  readonly securityProtocolMap: string
  /** The map was given, not defaulted: then the controller's listener has to be in it. */
  readonly securityProtocolMapGiven: boolean
  readonly allowOpenListeners: boolean
}

const PORT_MAX = 65_535
const DEFAULT_CONTROLLER: ListenerConfig = { name: 'CONTROLLER', host: '127.0.0.1', port: 9093 }

/** @throws ServerError `INVALID_CONFIG`, `OPEN_LISTENER` */
export function resolveListeners(texts: ListenerTexts): ListenerConfigs {
  const controllerNames = texts.controllerListenerNames.map((name) => name.toUpperCase())
  const all = texts.listeners.map((text) => parseListener('listeners', text))
  const repeated = all.find((listener, i) => all.findIndex((other) => other.name === listener.name) !== i)
  if (repeated !== undefined) throw invalid('listeners', `names ${repeated.name} twice`)
  const broker = all.filter((listener) => !controllerNames.includes(listener.name))
  if (broker.length === 0) throw invalid('listeners', 'must name at least one listener for clients')
  const controller = all.filter((listener) => controllerNames.includes(listener.name))
  checkProtocols(texts, all, controllerNames)
  if (!texts.allowOpenListeners) for (const listener of broker) refuseOpen(listener)
  return {
    broker,
    controller:
      controller.length > 0 ? controller : [{ ...DEFAULT_CONTROLLER, name: controllerNames[0] ?? 'CONTROLLER' }],
    advertised: resolveAdvertised(texts.advertisedListeners, broker, controllerNames),
  }
}

/** `NAME://host:port`; the host may be empty or an IPv6 address in brackets. */
export function parseListener(key: string, text: string): ListenerConfig {
  const match = /^([A-Za-z0-9_.-]+):\/\/(?:\[([0-9a-fA-F:.%]+)\]|([^:[\]/]*)):(-?\d+)\/?$/.exec(text.trim())
  if (match === null) throw invalid(key, `must be a list of NAME://host:port, not "${text}"`)
  const port = Number(match[4])
  if (port < 0 || port > PORT_MAX) throw invalid(key, `has port ${match[4]}; ports are between 0 and ${PORT_MAX}`)
  return { name: match[1]!.toUpperCase(), host: match[2] ?? match[3] ?? '', port }
}

export function isWildcard(host: string): boolean {
  return host === '' || host === '0.0.0.0' || host === '::'
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(?:\.\d{1,3}){3}$/.test(host)
}

/** Listeners are open as long as nobody has to say who he is, and PLAINTEXT is the only protocol there is. */
function refuseOpen({ name, host, port }: ListenerConfig): void {
  if (isLoopback(host)) return
  const where = isWildcard(host) ? 'all addresses of this machine' : host
  throw new ServerError(
    'OPEN_LISTENER',
    `listener ${name} on port ${port} would be open to everybody who can reach ${where}. Listen on 127.0.0.1, or set ` +
      'braidlog.allow.open.listeners=true if the network around this node is trusted',
    { key: 'listeners' },
  )
}

function checkProtocols(
  texts: ListenerTexts,
  all: readonly ListenerConfig[],
  controllerNames: readonly string[],
): void {
  const key = 'listener.security.protocol.map'
  const protocols = new Map<string, string>()
  for (const entry of texts.securityProtocolMap.split(',')) {
    if (entry.trim() === '') continue
    const match = /^\s*([A-Za-z0-9_.-]+)\s*:\s*([A-Za-z_]+)\s*$/.exec(entry)
    if (match === null) throw invalid(key, `must be a list of NAME:PROTOCOL, not "${entry}"`)
    protocols.set(match[1]!.toUpperCase(), match[2]!.toUpperCase())
  }
  if (!texts.securityProtocolMapGiven) {
    for (const name of controllerNames) if (!protocols.has(name)) protocols.set(name, 'PLAINTEXT')
  }
  for (const { name } of all) {
    const protocol = protocols.get(name)
    if (protocol === undefined) throw invalid(key, `says nothing about listener ${name}`)
    if (protocol === 'PLAINTEXT') continue
    if (!['SSL', 'SASL_PLAINTEXT', 'SASL_SSL'].includes(protocol)) {
      throw invalid(key, `gives listener ${name} the unknown protocol ${protocol}`)
    }
    throw invalid(key, `gives listener ${name} the protocol ${protocol}; this release serves PLAINTEXT only`)
  }
}

function resolveAdvertised(
  texts: readonly string[] | null,
  broker: readonly ListenerConfig[],
  controllerNames: readonly string[],
): Map<string, ListenerConfig> {
  const key = 'advertised.listeners'
  const advertised = new Map<string, ListenerConfig>()
  for (const text of texts ?? []) {
    const listener = parseListener(key, text)
    if (controllerNames.includes(listener.name)) continue
    if (!broker.some((each) => each.name === listener.name)) {
      throw invalid(key, `names ${listener.name}, which listeners does not have`)
    }
    if (isWildcard(listener.host) && listener.host !== '') {
      throw invalid(key, `must not have ${listener.host}: clients cannot connect to it`)
    }
    advertised.set(listener.name, listener)
  }
  return advertised
}

function invalid(key: string, problem: string): ServerError {
  return new ServerError('INVALID_CONFIG', `${key} ${problem}`, { key })
}
