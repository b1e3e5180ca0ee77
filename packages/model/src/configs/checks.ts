/** Checks of parsed configuration values. Each says what is wrong as the end of a sentence that begins with the key. */
import type { ConfigCheck } from './definition.ts'

export function atLeast(minimum: number): ConfigCheck<number> {
  return (value) => (value >= minimum ? undefined : `must be at least ${minimum}, not ${value}`)
}

export function between(minimum: number, maximum: number): ConfigCheck<number> {
  return (value) =>
    value >= minimum && value <= maximum ? undefined : `must be between ${minimum} and ${maximum}, not ${value}`
}

export function oneOf(...allowed: readonly string[]): ConfigCheck<string> {
  return (value) => (allowed.includes(value) ? undefined : `must be one of ${allowed.join(', ')}, not "${value}"`)
}

export function oneOfIgnoringCase(...allowed: readonly string[]): ConfigCheck<string> {
  const lower = allowed.map((each) => each.toLowerCase())
  return (value) =>
    lower.includes(value.toLowerCase()) ? undefined : `must be one of ${allowed.join(', ')}, not "${value}"`
}

/** No item comes twice, none is empty; the list may be empty. */
export const distinct: ConfigCheck<readonly string[]> = (values) => {
  if (values.includes('')) return 'must not hold an empty item'
  const twice = values.find((value, index) => values.indexOf(value) < index)
  return twice === undefined ? undefined : `must not hold "${twice}" more than once`
}

/** Like {@link distinct}, and there is at least one item. */
export const distinctSome: ConfigCheck<readonly string[]> = (values) =>
  values.length === 0 ? 'must not be empty' : distinct(values)

/** Only these items, each at most once. */
export function everyOf(...allowed: readonly string[]): ConfigCheck<readonly string[]> {
  return (values) => {
    const stranger = values.find((value) => !allowed.includes(value))
    return stranger === undefined ? distinct(values) : `may hold ${allowed.join(', ')}, but not "${stranger}"`
  }
}

/** Like {@link everyOf}, and there is at least one item. */
export function someOf(...allowed: readonly string[]): ConfigCheck<readonly string[]> {
  const check = everyOf(...allowed)
  return (values) => (values.length === 0 ? 'must not be empty' : check(values))
}

/** What Apache Kafka calls the two selectors that come with it. */
export const LEADER_SELECTOR = 'org.apache.kafka.common.replica.LeaderSelector'
export const RACK_AWARE_SELECTOR = 'org.apache.kafka.common.replica.RackAwareReplicaSelector'

/** A class of one's own cannot be loaded here. */
export const replicaSelector: ConfigCheck<string> = oneOf(LEADER_SELECTOR, RACK_AWARE_SELECTOR)

export const notEmpty: ConfigCheck<string> = (value) => (value.trim() === '' ? 'must not be empty' : undefined)

/** -1 stands for zlib's own default. */
export const gzipLevel: ConfigCheck<number> = (value) =>
  value === -1 || (value >= 1 && value <= 9) ? undefined : `must be -1 or between 1 and 9, not ${value}`

/** `id@host:port` each, with host and port as a client can reach them. */
export const quorumVoters: ConfigCheck<readonly string[]> = (values) => {
  const wrong = values.find((value) => !/^\d+@\[?[^@[\]\s]+\]?:\d{1,5}$/.test(value))
  return wrong === undefined ? undefined : `must list voters as id@host:port, not "${wrong}"`
}

export const hostsAndPorts: ConfigCheck<readonly string[]> = (values) => {
  const wrong = values.find((value) => !/^\[?[^@[\]\s]+\]?:\d{1,5}$/.test(value))
  return wrong === undefined ? undefined : `must list addresses as host:port, not "${wrong}"`
}

/** `partition:broker` each, or one `*` for all. */
export const throttledReplicas: ConfigCheck<readonly string[]> = (values) => {
  if (values.length === 1 && values[0] === '*') return undefined
  const wrong = values.find((value) => !/^\d+:\d+$/.test(value))
  return wrong === undefined ? undefined : `must be * or list replicas as partition:broker, not "${wrong}"`
}

export const shareAutoOffsetReset: ConfigCheck<string> = (value) => {
  if (value === 'earliest' || value === 'latest') return undefined
  if (/^by_duration:P(?=\d|T\d)(\d+D)?(T(?=\d)(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?$/.test(value)) return undefined
  return `must be earliest, latest or by_duration: and an ISO 8601 duration such as PT1H, not "${value}"`
}
