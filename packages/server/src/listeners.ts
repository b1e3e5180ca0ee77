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
  /** Of the controller role: registered with the quorum. */
  readonly controller: readonly ListenerConfig[]
  /** `listeners` names one for controllers: it is opened. Otherwise this node stays alone. */
  readonly opensController: boolean
  /** `controller.listener.names`: the first is the one that this node talks to. */
  readonly controllerName: string
  /** The listener on which brokers talk to each other. */
  readonly interBrokerName: string
  /** By listener name; a listener without an entry is advertised as it is bound. */
  readonly advertised: ReadonlyMap<string, ListenerConfig>
}

export interface ListenerTexts {
  readonly isBroker: boolean
  readonly isController: boolean
  readonly interBrokerListenerName: string | null
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
  const controller = all.filter((listener) => controllerNames.includes(listener.name))
  const [controllerName] = controllerNames
  if (controllerName === undefined) throw invalid('controller.listener.names', 'must name a listener')
  if (texts.isBroker && broker.length === 0) throw invalid('listeners', 'must name at least one listener for clients')
  if (!texts.isBroker && broker.length > 0) {
    throw invalid('listeners', `names ${broker[0]!.name}, which is for clients; process.roles has no broker`)
  }
  if (!texts.isController && controller.length > 0) {
    throw invalid(
      'listeners',
      `names ${controller[0]!.name}, which is for controllers; process.roles has no controller`,
    )
  }
  checkProtocols(texts, all, controllerNames)
  if (!texts.allowOpenListeners) for (const listener of all) refuseOpen(listener)
  const alone = [{ ...DEFAULT_CONTROLLER, name: controllerName }]
  return {
    broker,
    controller: controller.length > 0 ? controller : texts.isController ? alone : [],
    opensController: controller.length > 0,
    controllerName,
    interBrokerName: resolveInterBroker(texts.interBrokerListenerName, broker, controllerNames),
    advertised: resolveAdvertised(texts.advertisedListeners, all),
  }
}

/** Without a name, brokers talk on PLAINTEXT, or on the first listener when there is none of that name. */
function resolveInterBroker(
  given: string | null,
  broker: readonly ListenerConfig[],
  controllerNames: readonly string[],
): string {
  const key = 'inter.broker.listener.name'
  const name = given?.toUpperCase()
  if (name === undefined) return broker.find((each) => each.name === 'PLAINTEXT')?.name ?? broker[0]?.name ?? ''
  if (controllerNames.includes(name)) throw invalid(key, `is ${name}, which is a listener for controllers`)
  if (broker.length > 0 && !broker.some((each) => each.name === name)) {
    throw invalid(key, `is ${name}, which listeners does not have`)
  }
  return name
}

/** `NAME://host:port`; the host may be empty or an IPv6 address in brackets. */
export function parseListener(key: string, text: string): ListenerConfig {
  const match = /^([A-Za-z0-9_.-]+):\/\/(?:\[([0-9a-fA-F:.%]+)\]|([^:[\]/]*)):(-?\d+)\/?$/.exec(text.trim())
  if (match === null) throw invalid(key, `must be a list of NAME://host:port, not "${text}"`)
  const port = Number(match[4])
  if (port < 0 || port > PORT_MAX) throw invalid(key, `has port ${match[4]}; ports are between 0 and ${PORT_MAX}`)
  return { name: match[1]!.toUpperCase(), host: match[2] ?? match[3] ?? '', port }
}

/**
 * `braidlog.metrics.listener`: `host:port`.
 * @returns `undefined` when it is empty
 * @throws ServerError `INVALID_CONFIG`, `OPEN_LISTENER`
 */
export function resolveMetricsListener(
  text: string,
  allowOpenListeners: boolean,
): { readonly host: string; readonly port: number } | undefined {
  const key = 'braidlog.metrics.listener'
  if (text.trim() === '') return undefined
  const match = /^(?:\[([0-9a-fA-F:.%]+)\]|([^:[\]/]+)):(\d+)$/.exec(text.trim())
  const port = Number(match?.[3] ?? Infinity)
  if (match === null || port > PORT_MAX) throw invalid(key, `must be host:port, as in 127.0.0.1:9404, not "${text}"`)
  const host = (match[1] ?? match[2])!
  if (!allowOpenListeners) refuseOpen({ name: 'of the metrics', host, port }, key)
  return { host, port }
}

export function isWildcard(host: string): boolean {
  return host === '' || host === '0.0.0.0' || host === '::'
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(?:\.\d{1,3}){3}$/.test(host)
}

/** Listeners are open as long as nobody has to say who he is, and PLAINTEXT is the only protocol there is. */
function refuseOpen({ name, host, port }: ListenerConfig, key = 'listeners'): void {
  if (isLoopback(host)) return
  const where = isWildcard(host) ? 'all addresses of this machine' : host
  throw new ServerError(
    'OPEN_LISTENER',
    `listener ${name} on port ${port} would be open to everybody who can reach ${where}. Listen on 127.0.0.1, or set ` +
      'braidlog.allow.open.listeners=true if the network around this node is trusted',
    { key },
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
  all: readonly ListenerConfig[],
): Map<string, ListenerConfig> {
  const key = 'advertised.listeners'
  const advertised = new Map<string, ListenerConfig>()
  for (const text of texts ?? []) {
    const listener = parseListener(key, text)
    if (!all.some((each) => each.name === listener.name)) {
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
