/** Our authorizer against Apache Kafka's StandardAuthorizer: random entries, random questions, the same answers. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { below, SeededRandom } from '@braidlog/base'
import { Authorizer, type AclEntry } from '@braidlog/broker'
import { AclOperation, AclPatternType, AclPermission, AclResourceType } from '@braidlog/model'
import { PeerMissingError } from '../peers/debian.ts'
import { ensureJava } from '../peers/java.ts'
import { classPath } from '../peers/kafka.ts'

const ROUNDS = 400
const ENTRIES_MAX = 8
const QUESTIONS_A_ROUND = 30

const { TOPIC, GROUP } = AclResourceType
const TYPES = [TOPIC, TOPIC, TOPIC, GROUP]
/** Few and alike, so that names, prefixes and wildcards meet. */
const NAMES = ['a', 'ab', 'abc', 'b', 'ba']
const PRINCIPALS = ['User:alice', 'User:bob', 'User:root']
const HOSTS = ['10.0.0.1', '10.0.0.2']
const { READ, WRITE, CREATE, DELETE, ALTER, DESCRIBE, DESCRIBE_CONFIGS, ALTER_CONFIGS, ALL } = AclOperation
const OPERATIONS = [READ, WRITE, CREATE, DELETE, ALTER, DESCRIBE, DESCRIBE_CONFIGS, ALTER_CONFIGS]

test('the same entries give the same answers', async (t) => {
  const random = new SeededRandom(20_261_124)
  const oneOf = <T>(values: readonly T[]): T => values[below(random, values.length)]!
  const lines: string[] = []
  const ours: boolean[] = []
  const questions: string[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const everyone = oneOf([true, false])
    const superUsers = oneOf(['-', 'User:root'])
    lines.push(`new ${superUsers} ${everyone}`)
    const entries: AclEntry[] = []
    for (let left = below(random, ENTRIES_MAX + 1); left > 0; left--) {
      const entry: AclEntry = {
        resourceType: oneOf(TYPES),
        resourceName: oneOf([...NAMES, '*']),
        patternType: oneOf([AclPatternType.LITERAL, AclPatternType.PREFIXED]),
        principal: oneOf([...PRINCIPALS, 'User:*']),
        host: oneOf([...HOSTS, '*', '*']),
        operation: oneOf([...OPERATIONS, ALL]),
        permissionType: oneOf([AclPermission.ALLOW, AclPermission.ALLOW, AclPermission.DENY]),
      }
      entries.push(entry)
      const { resourceType, resourceName, patternType, principal, host, operation, permissionType } = entry
      lines.push(
        `acl ${[resourceType, resourceName, patternType, principal, host, operation, permissionType].join(' ')}`,
      )
    }
    const authorizer = new Authorizer(
      { superUsers: new Set(superUsers === '-' ? [] : [superUsers]), allowEveryoneIfNoAclFound: everyone },
      () => entries,
    )
    const asked = lines.slice(lines.length - entries.length - 1).join('; ')
    for (let left = QUESTIONS_A_ROUND; left > 0; left--) {
      const requester = { principal: oneOf(PRINCIPALS), host: oneOf(HOSTS) }
      const operation = oneOf(OPERATIONS)
      const type = oneOf(TYPES)
      const who = `${requester.principal} ${requester.host} ${operation} ${type}`
      if (below(random, 3) === 0) {
        lines.push(`any ${who}`)
        ours.push(authorizer.mayOnAny(requester, operation, type))
      } else {
        const name = oneOf([...NAMES, 'c', 'abcd'])
        lines.push(`ask ${who} ${name}`)
        ours.push(authorizer.may(requester, operation, type, name))
      }
      questions.push(`${asked}; ${lines.at(-1)}`)
    }
  }
  const theirs = await askKafka(lines)
  if (!Array.isArray(theirs)) {
    t.skip(theirs.missing)
    return
  }
  assert.equal(theirs.length, ours.length)
  const differences = questions.filter((_, index) => String(ours[index]) !== theirs[index])
  assert.deepEqual(differences, [])
  assert.ok(ours.includes(true) && ours.includes(false))
})

/** @returns one answer for each question in `lines`, or why there can be none on this machine */
async function askKafka(lines: readonly string[]): Promise<string[] | { readonly missing: string }> {
  try {
    const { java } = await ensureJava()
    const source = join(import.meta.dirname, 'java', 'AuthorizerHarness.java')
    const flags = ['-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-cp', await classPath(), source]
    const child = spawn(java, flags, { stdio: ['pipe', 'pipe', 'ignore'] })
    child.stdin.end(`${lines.join('\n')}\n`)
    let output = ''
    child.stdout.setEncoding('utf8')
    for await (const chunk of child.stdout) output += chunk
    return output.split('\n').filter((line) => line === 'true' || line === 'false')
  } catch (error) {
    if (error instanceof PeerMissingError) return { missing: error.message }
    throw error
  }
}
