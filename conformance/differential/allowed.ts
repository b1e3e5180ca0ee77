/**
 * Differences from Apache Kafka that are meant: each with the reason, and as narrow as it can be told.
 */
import type { Difference } from './twins.ts'

interface Allowance {
  /** An API's name, or `*`. */
  readonly api: string
  /** Of the answer's field. */
  readonly path: RegExp
  readonly when?: (difference: Omit<Difference, 'question'>, request: object, version: number) => boolean
  readonly reason: string
}

const ALLOWED: readonly Allowance[] = [
  {
    api: '*',
    path: /errorMessage$/,
    when: ({ kafka, braidlog }) => kafka === null && braidlog === 'text',
    reason: 'we say in words what went wrong also where Apache Kafka gives only the code',
  },
  {
    api: 'DescribeConfigs',
    path: /configs\/braidlog\./,
    when: ({ kafka }) => kafka === undefined,
    reason: 'configurations of our own',
  },
  {
    api: 'DescribeConfigs',
    path: /configs\/(log\.dirs|.*listeners|controller\.quorum\..*)\/.*value$/,
    reason: 'each server has its own ports and directory',
  },
  {
    api: 'CreateTopics',
    path: /./,
    when: (_, request) => (request as { timeoutMs: number }).timeoutMs < 0,
    reason: 'a request is decided when it arrives: there is no queue in which its time could run out',
  },
]

/** @returns why the difference may be, `undefined` when it may not */
export function allowance(
  api: string,
  version: number,
  difference: Omit<Difference, 'question'>,
  request: object,
): string | undefined {
  return ALLOWED.find(
    (each) =>
      (each.api === '*' || each.api === api) &&
      each.path.test(difference.path) &&
      (each.when === undefined || each.when(difference, request, version)),
  )?.reason
}
