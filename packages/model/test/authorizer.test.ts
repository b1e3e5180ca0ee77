/** The authorizer's rules, each with entries, a question and the answer. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  AclOperation,
  AclPatternType,
  AclPermission,
  AclResourceType,
  Authorizer,
  hostOf,
  type AclEntry,
  type AuthorizerSettings,
} from '../src/index.ts'

type Operation = keyof typeof AclOperation
type ResourceType = keyof typeof AclResourceType

/** `allow User:alice READ TOPIC payments from 10.0.0.1`; a name that ends in `...` is a prefix. */
function entry(text: string): AclEntry {
  const [permission, principal, operation, resourceType, name, , host = '*'] = text.split(' ')
  const isPrefix = name!.endsWith('...')
  return {
    permissionType: permission === 'deny' ? AclPermission.DENY : AclPermission.ALLOW,
    principal: principal!,
    operation: AclOperation[operation as Operation],
    resourceType: AclResourceType[resourceType as ResourceType],
    resourceName: isPrefix ? name!.slice(0, -3) : name!,
    patternType: isPrefix ? AclPatternType.PREFIXED : AclPatternType.LITERAL,
    host,
  }
}

function authorizerOf(entries: readonly string[], settings: Partial<AuthorizerSettings> = {}): Authorizer {
  const all = entries.map(entry)
  return new Authorizer({ superUsers: new Set(), allowEveryoneIfNoAclFound: false, ...settings }, () => all)
}

/** `User:alice READ TOPIC payments from 10.0.0.1` */
function ask(authorizer: Authorizer, question: string): boolean {
  const [principal, operation, resourceType, name, , host = '10.0.0.1'] = question.split(' ')
  const requester = { principal: principal!, host }
  const type = AclResourceType[resourceType as ResourceType]
  if (name === 'any') return authorizer.mayOnAny(requester, AclOperation[operation as Operation], type)
  return authorizer.may(requester, AclOperation[operation as Operation], type, name!)
}

const TABLE: readonly { entries: readonly string[]; yes?: readonly string[]; no?: readonly string[] }[] = [
  { entries: [], no: ['User:alice READ TOPIC payments', 'User:alice WRITE TOPIC any'] },
  {
    entries: ['allow User:alice READ TOPIC payments'],
    yes: ['User:alice READ TOPIC payments', 'User:alice DESCRIBE TOPIC payments'],
    no: [
      'User:alice WRITE TOPIC payments',
      'User:bob READ TOPIC payments',
      'User:alice READ TOPIC payments2',
      'User:alice READ TOPIC payment',
      'User:alice READ GROUP payments',
      'User:alice DESCRIBE_CONFIGS TOPIC payments',
    ],
  },
  {
    entries: ['allow User:alice READ TOPIC pay...'],
    yes: ['User:alice READ TOPIC pay', 'User:alice READ TOPIC payments'],
    no: ['User:alice READ TOPIC pa', 'User:alice READ TOPIC xpay'],
  },
  {
    entries: ['allow User:alice READ TOPIC *', 'deny User:alice READ TOPIC secret', 'deny User:* ALL TOPIC hidden...'],
    yes: ['User:alice READ TOPIC payments', 'User:alice DESCRIBE TOPIC secret'],
    no: ['User:alice READ TOPIC secret', 'User:alice READ TOPIC hidden-1', 'User:alice DESCRIBE TOPIC hidden-1'],
  },
  {
    entries: ['deny User:alice READ TOPIC *', 'allow User:* READ TOPIC payments'],
    yes: ['User:bob READ TOPIC payments'],
    no: ['User:alice READ TOPIC payments'],
  },
  {
    entries: ['allow User:* READ TOPIC payments from 10.0.0.1', 'deny User:* READ TOPIC payments from 10.0.0.9'],
    yes: ['User:alice READ TOPIC payments from 10.0.0.1'],
    no: ['User:alice READ TOPIC payments from 10.0.0.2', 'User:alice READ TOPIC payments from 10.0.0.9'],
  },
  ...(['READ', 'WRITE', 'DELETE', 'ALTER', 'ALL'] as const).map((operation) => ({
    entries: [`allow User:a ${operation} TOPIC t`],
    yes: ['User:a DESCRIBE TOPIC t'],
  })),
  ...(['CREATE', 'ALTER_CONFIGS', 'DESCRIBE_CONFIGS'] as const).map((operation) => ({
    entries: [`allow User:a ${operation} TOPIC t`],
    no: ['User:a DESCRIBE TOPIC t'],
  })),
  { entries: ['allow User:a ALTER_CONFIGS TOPIC t'], yes: ['User:a DESCRIBE_CONFIGS TOPIC t'] },
  { entries: ['allow User:a ALTER TOPIC t'], no: ['User:a DESCRIBE_CONFIGS TOPIC t', 'User:a ALTER_CONFIGS TOPIC t'] },
  // A type is asked about as a whole.
  { entries: ['allow User:a WRITE TOPIC t'], yes: ['User:a WRITE TOPIC any'], no: ['User:a READ TOPIC any'] },
  { entries: ['allow User:a ALL TOPIC t'], yes: ['User:a WRITE TOPIC any'] },
  { entries: ['allow User:a WRITE TOPIC t...'], yes: ['User:a WRITE TOPIC any'] },
  { entries: ['allow User:a WRITE TOPIC *', 'deny User:a WRITE TOPIC t'], yes: ['User:a WRITE TOPIC any'] },
  { entries: ['allow User:a WRITE TOPIC t', 'deny User:a WRITE TOPIC *'], no: ['User:a WRITE TOPIC any'] },
  { entries: ['allow User:a WRITE TOPIC t', 'deny User:a WRITE TOPIC t'], no: ['User:a WRITE TOPIC any'] },
  { entries: ['allow User:a WRITE TOPIC tt', 'deny User:a WRITE TOPIC t...'], no: ['User:a WRITE TOPIC any'] },
  { entries: ['allow User:a WRITE TOPIC tt...', 'deny User:a WRITE TOPIC t...'], no: ['User:a WRITE TOPIC any'] },
  { entries: ['allow User:a WRITE TOPIC t...', 'deny User:a WRITE TOPIC tt...'], yes: ['User:a WRITE TOPIC any'] },
]

describe('the authorizer', () => {
  for (const { entries, yes = [], no = [] } of TABLE) {
    it(entries.length === 0 ? 'allows nothing without entries' : entries.join(', '), () => {
      const authorizer = authorizerOf(entries)
      for (const question of yes) assert.equal(ask(authorizer, question), true, question)
      for (const question of no) assert.equal(ask(authorizer, question), false, question)
    })
  }

  it('lets super users do what is denied', () => {
    const authorizer = authorizerOf(['deny User:* ALL TOPIC *'], { superUsers: new Set(['User:admin']) })
    assert.equal(ask(authorizer, 'User:admin WRITE TOPIC payments'), true)
    assert.equal(ask(authorizer, 'User:admin WRITE TOPIC any'), true)
    assert.equal(ask(authorizer, 'User:alice WRITE TOPIC payments'), false)
  })

  it('leaves to everyone, if told so, only what no entry is about', () => {
    const authorizer = authorizerOf(['allow User:alice READ TOPIC pay...'], { allowEveryoneIfNoAclFound: true })
    assert.equal(ask(authorizer, 'User:bob READ TOPIC orders'), true)
    assert.equal(ask(authorizer, 'User:bob READ TOPIC payments'), false)
    assert.equal(ask(authorizer, 'User:alice WRITE TOPIC payments'), false)
    assert.equal(ask(authorizer, 'User:bob WRITE TOPIC any'), true)
  })

  it('looks at the entries again when they have changed', () => {
    let entries: AclEntry[] = []
    const settings = { superUsers: new Set<string>(), allowEveryoneIfNoAclFound: false }
    const authorizer = new Authorizer(settings, () => entries)
    assert.equal(ask(authorizer, 'User:alice READ TOPIC payments'), false)
    entries = [entry('allow User:alice READ TOPIC payments')]
    authorizer.changed()
    assert.equal(ask(authorizer, 'User:alice READ TOPIC payments'), true)
  })
})

it('writes addresses as access control entries have them', () => {
  assert.equal(hostOf('127.0.0.1'), '127.0.0.1')
  assert.equal(hostOf('::ffff:10.1.2.3'), '10.1.2.3')
  assert.equal(hostOf('::1'), '0:0:0:0:0:0:0:1')
  assert.equal(hostOf('2001:db8::00a0:1'), '2001:db8:0:0:0:0:a0:1')
  assert.equal(hostOf('fe80::1%eth0'), 'fe80:0:0:0:0:0:0:1%eth0')
})
