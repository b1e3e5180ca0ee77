/** Whatever is asked of the machine, its log alone gives the same state, and no id ever stands for two schemas. */
import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import type { WriteRequest } from '../src/core/registry.ts'
import { Driver, field, optional, record, replay } from './support/machine.ts'

const subjects = fc.constantFrom('a', 'b', ':.prod:a', ':.prod:b')
const scopes = fc.constantFrom(null, 'a', ':.prod:', ':.prod:a')
const schemas = fc.constantFrom(
  '"int"',
  '"string"',
  record('A', field('x')),
  record('A', field('x'), optional('y')),
  record('A', field('x'), field('y')),
)

const requests: fc.Arbitrary<WriteRequest> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('register' as const),
      subject: subjects,
      body: fc.record(
        { schema: schemas, id: fc.integer({ min: 0, max: 6 }), version: fc.integer({ min: 0, max: 4 }) },
        { requiredKeys: ['schema'] },
      ),
      normalize: fc.boolean(),
    }),
  },
  fc.record({ kind: fc.constant('deleteSubject' as const), subject: subjects, permanent: fc.boolean() }),
  fc.record({
    kind: fc.constant('deleteVersion' as const),
    subject: subjects,
    version: fc.oneof(fc.constant('latest' as const), fc.integer({ min: 1, max: 4 })),
    permanent: fc.boolean(),
  }),
  fc.record({
    kind: fc.constant('setConfig' as const),
    subject: scopes,
    change: fc.record({ compatibilityLevel: fc.constantFrom('NONE' as const, 'FULL' as const) }),
  }),
  fc.record({
    kind: fc.constant('setMode' as const),
    subject: scopes,
    mode: fc.constantFrom('READWRITE', 'READWRITE', 'READONLY', 'IMPORT'),
    force: fc.boolean(),
  }),
  fc.record({ kind: fc.constant('deleteMode' as const), subject: scopes, recursive: fc.constant(true) }),
  fc.record({
    kind: fc.constantFrom('createAcls' as const, 'deleteAcls' as const),
    acls: fc.array(
      fc.record({
        resourceType: fc.constantFrom('SUBJECT' as const, 'REGISTRY' as const),
        resource: fc.constantFrom('a', ':.:a', ':.prod:', '*'),
        patternType: fc.constantFrom('LITERAL' as const, 'PREFIXED' as const),
        principal: fc.constantFrom('User:ann', 'User:*', '*'),
        host: fc.constant('*'),
        operation: fc.constantFrom('READ' as const, 'ALL' as const),
        permission: fc.constantFrom('ALLOW' as const, 'DENY' as const),
      }),
      { maxLength: 3 },
    ),
  }),
)

test('replaying the log gives an equal state', () => {
  fc.assert(
    fc.property(fc.array(requests, { maxLength: 40 }), (list) => {
      const driver = new Driver()
      for (const request of list) driver.when(request)
      assert.deepEqual(replay(driver.log).snapshot(), driver.snapshot())
      assert.deepEqual(replay(driver.snapshot()).snapshot(), driver.snapshot())
    }),
    { numRuns: 150 },
  )
})

test('an id stands for one schema, and a registered version is what is found under it', () => {
  fc.assert(
    fc.property(fc.array(requests, { maxLength: 40 }), (list) => {
      const driver = new Driver()
      const { state } = driver.machine.core
      for (const request of list) {
        const { response } = driver.when(request)
        if (request.kind !== 'register' || !response.ok) continue
        const answered = response.value as { subject: string; version: number; id: number; guid: string }
        const stored = state.version(answered.subject, answered.version)
        assert.equal(stored?.id, answered.id)
        assert.equal(stored.guid, answered.guid)
      }
      for (const context of state.contexts()) {
        for (let id = 1; id <= state.idMax(context); id++) {
          assert.ok(new Set(state.withId(context, id).map(({ guid }) => guid)).size <= 1, `id ${id} of ${context}`)
        }
      }
    }),
    { numRuns: 150 },
  )
})
