/**
 * The contract of the REST API as an OpenAPI 3.1 document, kept by hand and served at `/openapi.json`. The tests send requests and
 * hold every answer against it: a status, a member or a media type that is not in here fails them.
 */

import { ACL_OPERATIONS } from '../core/acl.ts'

type Json = Readonly<Record<string, unknown>>

const ref = (name: string): Json => ({ $ref: `#/components/schemas/${name}` })
const list = (items: Json): Json => ({ type: 'array', items })
const string: Json = { type: 'string' }
const integer: Json = { type: 'integer' }
const boolean: Json = { type: 'boolean' }
const anything: Json = {}

/** What may be refused with which status, beside what every route may answer. */
const MEANINGS: Readonly<Record<number, string>> = {
  400: 'The request cannot be read',
  404: 'There is no such subject, version, schema, configuration, mode or path',
  405: 'The path has other methods',
  409: 'The schema is incompatible with an earlier one',
  413: 'The body is too large',
  415: 'The body is of a media type that is not read',
  422: 'Schema, version, level, mode, rule set or subject is invalid, or the operation is not permitted now',
}
const ALWAYS: Readonly<Record<number, string>> = {
  401: 'Who asks is not known',
  403: 'Who asks may not do this',
  406: 'No media type that the client takes can be answered with',
  500: 'The store, or the way to the leader, failed',
  503: 'Too many requests are at work',
}
const MEDIA_TYPES = [
  'application/vnd.schemaregistry.v1+json',
  'application/vnd.schemaregistry+json',
  'application/json',
] as const

const content = (schema: Json): Json => Object.fromEntries(MEDIA_TYPES.map((type) => [type, { schema }]))

const refusals = (codes: readonly number[]): Json => ({
  ...Object.fromEntries(
    codes.map((code) => [code, { description: MEANINGS[code] ?? '', content: content(ref('Error')) }]),
  ),
  ...Object.fromEntries(
    Object.entries(ALWAYS).map(([code, description]) => [code, { description, content: content(ref('Error')) }]),
  ),
})

/** What a query parameter means, wherever it stands. */
const QUERY_MEANINGS: Readonly<Record<string, string>> = {
  aliases: 'Subjects that have an alias with the prefix as well; aliases are shown',
  contextPrefix: 'Contexts whose names begin like this',
  defaultToGlobal: 'What is inherited where nothing is set; otherwise that is an error',
  deleted: 'What was soft-deleted as well',
  deletedOnly: 'Only what was soft-deleted',
  explain: 'Each incompatibility with its path, a document that shows it and the edit that would mend it',
  fetchMaxId: 'Also the highest id of the context',
  findTags: 'What is tagged with one of these tags; `*` for any',
  force: 'Of `IMPORT`: although there are subjects. Of a permanent delete: although retained records use the schema',
  format: 'Rendering: `resolved` (Avro, JSON Schema), `serialized`, `ignore_extensions`, `no_meta` (Protobuf)',
  host: 'Entries about this address',
  key: 'Name of a metadata property; may be repeated, each with its `value`',
  latestOnly: 'Only the newest version of each subject',
  limit: 'At most this many; negative: all',
  normalize: 'What means the same is the same schema',
  offset: 'Leave out this many at the beginning',
  operation: 'Entries about this operation',
  pattern_type: '`LITERAL` or `PREFIXED`',
  permanent: 'For good, what was soft-deleted before',
  permission: '`ALLOW` or `DENY`',
  principal: 'Entries about this principal, `User:name`',
  recursive: 'Of everything below as well',
  referenceFormat: '`qualified`: subjects of references with their context',
  resource: 'Entries about this name or prefix',
  resource_type: '`SUBJECT` or `REGISTRY`',
  ruleType: 'Only schemas that have a rule of this type',
  subject: 'The subject, or `:.context:`, whose ids are meant',
  subjectPrefix: 'Subjects whose names begin like this; `:*:` for those of every context',
  value: 'Value of the metadata property before it',
  verbose: 'Also why not',
}

interface Operation {
  readonly summary: string
  /** Query parameters, by name. */
  readonly query?: Readonly<Record<string, Json>>
  readonly body?: string
  /** The answer's schema; null for 204 without a body. */
  readonly answer: Json | null
  readonly refusals?: readonly number[]
  /** Of success; 200 unless given. */
  readonly status?: number
}

const operation = ({ summary, query = {}, body, answer, refusals: codes = [], status = 200 }: Operation): Json => ({
  summary,
  parameters: Object.entries(query).map(([name, schema]) => ({
    name,
    in: 'query',
    schema,
    allowEmptyValue: true,
    description: QUERY_MEANINGS[name],
  })),
  ...(body === undefined ? {} : { requestBody: { required: true, content: content(ref(body)) } }),
  responses: {
    ...(answer === null
      ? { 204: { description: 'Done' } }
      : { [status]: { description: 'Done', content: content(answer) } }),
    ...refusals(body === undefined ? [...codes, 405] : [...new Set([...codes, 400, 405, 413, 415, 422])]),
  },
})

const PATH_PARAMETERS: Readonly<Record<string, Json>> = {
  subject: string,
  version: { oneOf: [integer, { enum: ['latest'] }] },
  id: integer,
  guid: { type: 'string', format: 'uuid' },
  context: string,
}

const path = (template: string, operations: Readonly<Record<string, Operation>>): readonly [string, Json] => [
  template,
  {
    parameters: [...template.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
      name,
      in: 'path',
      required: true,
      schema: PATH_PARAMETERS[name!],
    })),
    ...Object.fromEntries(Object.entries(operations).map(([method, each]) => [method, operation(each)])),
  },
]

const paging = { offset: integer, limit: integer }
const rendering = { format: string, referenceFormat: { enum: ['', 'qualified'] }, findTags: list(string) }
const ofVersion = [404, 422]

/** Served at the root and under `/contexts/{context}`. */
const inContexts: readonly (readonly [string, Json])[] = [
  path('/subjects', {
    get: {
      summary: 'Names of subjects',
      query: { subjectPrefix: string, deleted: boolean, deletedOnly: boolean, ...paging },
      answer: list(string),
      refusals: [404],
    },
  }),
  path('/subjects/{subject}', {
    post: {
      summary: 'Look up a schema under a subject',
      query: { normalize: boolean, deleted: boolean, ...rendering },
      body: 'SchemaRequest',
      answer: ref('SchemaVersion'),
      refusals: [404],
    },
    delete: {
      summary: 'Delete a subject: softly, or what is soft-deleted permanently',
      query: { permanent: boolean, force: boolean },
      answer: list(integer),
      refusals: ofVersion,
    },
  }),
  path('/subjects/{subject}/versions', {
    get: {
      summary: 'Versions of a subject',
      query: { deleted: boolean, deletedOnly: boolean, ...paging },
      answer: list(integer),
      refusals: [404],
    },
    post: {
      summary: 'Register a schema',
      query: { normalize: boolean, format: string },
      body: 'SchemaRequest',
      answer: ref('Registered'),
      refusals: [404, 409],
    },
  }),
  path('/subjects/{subject}/versions/{version}', {
    get: {
      summary: 'One version',
      query: { deleted: boolean, ...rendering },
      answer: ref('SchemaVersion'),
      refusals: ofVersion,
    },
    delete: {
      summary: 'Delete a version: softly, or a soft-deleted one permanently',
      query: { permanent: boolean, force: boolean },
      answer: integer,
      refusals: ofVersion,
    },
  }),
  path('/subjects/{subject}/versions/{version}/tags', {
    post: {
      summary: 'Register a version with other tags as a new one',
      body: 'TagChange',
      answer: ref('Registered'),
      refusals: [404, 409],
    },
  }),
  path('/subjects/{subject}/versions/{version}/schema', {
    get: {
      summary: "One version's schema and nothing else",
      query: { deleted: boolean, format: string },
      answer: anything,
      refusals: ofVersion,
    },
  }),
  path('/subjects/{subject}/versions/{version}/referencedby', {
    get: {
      summary: 'Ids of schemas that refer to a version',
      query: { deleted: boolean, ...paging },
      answer: list(integer),
      refusals: ofVersion,
    },
  }),
  path('/subjects/{subject}/metadata', {
    get: {
      summary: 'The newest version with the given metadata properties',
      query: { key: list(string), value: list(string), deleted: boolean, ...rendering },
      answer: ref('SchemaVersion'),
      refusals: [404],
    },
  }),
  path('/compatibility/subjects/{subject}/versions', {
    post: {
      summary: 'Check a schema as registering it would',
      query: { verbose: boolean, normalize: boolean, explain: boolean },
      body: 'SchemaRequest',
      answer: ref('Verdict'),
      refusals: [404],
    },
  }),
  path('/compatibility/subjects/{subject}/versions/{version}', {
    post: {
      summary: 'Check a schema against one version',
      query: { verbose: boolean, normalize: boolean, explain: boolean },
      body: 'SchemaRequest',
      answer: ref('Verdict'),
      refusals: [404],
    },
  }),
  path('/schemas', {
    get: {
      summary: 'All versions of all subjects',
      query: {
        subjectPrefix: string,
        aliases: boolean,
        deleted: boolean,
        latestOnly: boolean,
        ruleType: string,
        ...paging,
      },
      answer: list(ref('SchemaVersion')),
      refusals: [404],
    },
  }),
  path('/schemas/types', { get: { summary: 'Schema types', answer: list(ref('SchemaType')) } }),
  path('/schemas/ids/{id}', {
    get: {
      summary: 'A schema by its id',
      query: { subject: string, fetchMaxId: boolean, ...rendering },
      answer: ref('Schema'),
      refusals: [404],
    },
  }),
  path('/schemas/ids/{id}/schema', {
    get: {
      summary: 'A schema by its id and nothing else',
      query: { subject: string, format: string },
      answer: anything,
      refusals: [404],
    },
  }),
  path('/schemas/ids/{id}/subjects', {
    get: {
      summary: 'Subjects that have the id',
      query: { subject: string, deleted: boolean, ...paging },
      answer: list(string),
      refusals: [404],
    },
  }),
  path('/schemas/ids/{id}/versions', {
    get: {
      summary: 'Versions that have the id',
      query: { subject: string, deleted: boolean, ...paging },
      answer: list(ref('SubjectVersion')),
      refusals: [404],
    },
  }),
  path('/schemas/guids/{guid}', {
    get: { summary: 'A schema by its GUID', query: rendering, answer: ref('Schema'), refusals: [404] },
  }),
  path('/schemas/guids/{guid}/ids', {
    get: { summary: 'Ids of a GUID, by context', answer: list(ref('ContextId')), refusals: [404] },
  }),
  ...['/config', '/config/{subject}'].map((template) =>
    path(template, {
      get: {
        summary: 'The configuration of a scope',
        query: { defaultToGlobal: boolean },
        answer: ref('Config'),
        refusals: [404],
      },
      put: { summary: 'Change the configuration', body: 'ConfigChange', answer: ref('ConfigChange'), refusals: [404] },
      delete: { summary: 'Back to the inherited configuration', answer: ref('Config'), refusals: ofVersion },
    }),
  ),
  ...['/mode', '/mode/{subject}'].map((template) =>
    path(template, {
      get: {
        summary: 'The mode of a scope',
        query: { defaultToGlobal: boolean },
        answer: ref('Mode'),
        refusals: [404],
      },
      put: { summary: 'Set the mode', query: { force: boolean }, body: 'Mode', answer: ref('Mode'), refusals: [404] },
      delete: {
        summary: 'Back to the inherited mode',
        query: { recursive: boolean },
        answer: ref('Mode'),
        refusals: ofVersion,
      },
    }),
  ),
]

const atRoot: readonly (readonly [string, Json])[] = [
  path('/', { get: { summary: 'Whether anybody answers', answer: ref('Empty') } }),
  path('/contexts', {
    get: {
      summary: 'Contexts',
      query: { contextPrefix: string, ...paging },
      answer: list(string),
      refusals: [404],
    },
  }),
  path('/contexts/{context}', {
    delete: { summary: 'Forget an empty context', answer: null, refusals: [400, 404, 422] },
  }),
  path('/security/acls', {
    get: {
      summary: 'Access control entries',
      query: {
        principal: string,
        resource: string,
        resource_type: string,
        pattern_type: string,
        host: string,
        operation: string,
        permission: string,
      },
      answer: list(ref('Acl')),
    },
    post: { summary: 'Add access control entries', body: 'Acls', answer: list(ref('Acl')), status: 201 },
    delete: { summary: 'Remove access control entries', body: 'Acls', answer: list(ref('Acl')) },
  }),
  path('/health/live', { get: { summary: 'The process lives', answer: ref('Health') } }),
  path('/health/ready', { get: { summary: 'It has read the schemas and follows them', answer: ref('Health') } }),
  path('/health/leader', { get: { summary: 'Who leads', answer: ref('Leader') } }),
  path('/v1/metadata/id', { get: { summary: 'Which cluster this is', answer: ref('ClusterId') } }),
  path('/v1/metadata/version', { get: { summary: 'Version of the program', answer: ref('Version') } }),
  path('/v1/metadata/deployment', { get: { summary: 'How it is deployed', answer: ref('Deployment') } }),
]

const object = (properties: Readonly<Record<string, Json>>, required: readonly string[] = []): Json => ({
  type: 'object',
  properties,
  required,
  additionalProperties: false,
})
const orNull = (schema: Json): Json => ({ anyOf: [schema, { type: 'null' }] })
const mapOf = (schema: Json): Json => ({ type: 'object', additionalProperties: schema })

const contents = {
  schema: string,
  schemaType: ref('SchemaType'),
  references: list(ref('SchemaReference')),
  metadata: ref('Metadata'),
  ruleSet: ref('RuleSet'),
}
const tagChange = { schemaTagsToAdd: list(ref('TaggedEntity')), schemaTagsToRemove: list(ref('TaggedEntity')) }
const shown = { ...contents, schemaTags: list(ref('TaggedEntity')) }
const settings = {
  alias: orNull(string),
  aliasForDeks: orNull(string),
  normalize: orNull(boolean),
  validateFields: orNull(boolean),
  validateNewSchemas: orNull(boolean),
  validateRules: orNull(boolean),
  compatibilityPolicy: orNull({ enum: ['STRICT', 'LENIENT'] }),
  compatibilityGroup: orNull(string),
  defaultMetadata: orNull(ref('Metadata')),
  overrideMetadata: orNull(ref('Metadata')),
  defaultRuleSet: orNull(ref('RuleSet')),
  overrideRuleSet: orNull(ref('RuleSet')),
}

const acl = (required: readonly string[]): Json =>
  object(
    {
      principal: string,
      resource: string,
      resource_type: { enum: ['SUBJECT', 'REGISTRY'] },
      pattern_type: { enum: ['LITERAL', 'PREFIXED'] },
      host: string,
      operation: { enum: [...ACL_OPERATIONS] },
      permission: { enum: ['ALLOW', 'DENY'] },
    },
    required,
  )

const schemas: Readonly<Record<string, Json>> = {
  Error: object({ error_code: integer, message: string }, ['error_code', 'message']),
  Empty: object({}),
  SchemaType: { enum: ['AVRO', 'JSON', 'PROTOBUF'] },
  CompatibilityLevel: {
    enum: ['NONE', 'BACKWARD', 'BACKWARD_TRANSITIVE', 'FORWARD', 'FORWARD_TRANSITIVE', 'FULL', 'FULL_TRANSITIVE'],
  },
  SchemaReference: object({ name: string, subject: string, version: integer }, ['name', 'subject', 'version']),
  Metadata: object({ tags: mapOf(list(string)), properties: mapOf(string), sensitive: list(string) }),
  Rule: object(
    {
      name: string,
      doc: string,
      kind: { enum: ['TRANSFORM', 'CONDITION'] },
      mode: { enum: ['UPGRADE', 'DOWNGRADE', 'UPDOWN', 'WRITE', 'READ', 'WRITEREAD'] },
      type: string,
      tags: list(string),
      params: mapOf(string),
      expr: string,
      onSuccess: string,
      onFailure: string,
      disabled: boolean,
    },
    ['name', 'type'],
  ),
  RuleSet: object({
    migrationRules: list(ref('Rule')),
    domainRules: list(ref('Rule')),
    encodingRules: list(ref('Rule')),
    enableAt: string,
  }),
  SchemaRequest: object({ ...contents, id: integer, version: integer, ...tagChange, propagateSchemaTags: boolean }),
  TagChange: object(tagChange),
  TaggedEntity: object(
    {
      schemaEntity: object({ entityPath: string, entityType: { enum: ['sr_record', 'sr_field', 'sr_enum'] } }, [
        'entityPath',
        'entityType',
      ]),
      tags: list(string),
    },
    ['schemaEntity', 'tags'],
  ),
  Acl: acl(['principal', 'resource', 'resource_type', 'pattern_type', 'host', 'operation', 'permission']),
  Acls: list(acl(['principal', 'resource_type', 'operation', 'permission'])),
  Schema: object({ guid: string, ...shown, maxId: integer }, ['guid', 'schemaType', 'schema']),
  Registered: object({ id: integer, version: integer, guid: string, ...contents }, ['id', 'version', 'guid']),
  SchemaVersion: object(
    {
      subject: string,
      version: integer,
      id: integer,
      guid: string,
      ...shown,
      deleted: { const: true },
      aliases: list(string),
    },
    ['subject', 'version', 'id', 'guid', 'schemaType', 'schema'],
  ),
  SubjectVersion: object({ subject: string, version: integer }, ['subject', 'version']),
  ContextId: object({ context: string, id: integer }, ['context', 'id']),
  Verdict: object({ is_compatible: boolean, messages: list(string), incompatibilities: list(ref('Incompatibility')) }, [
    'is_compatible',
  ]),
  Incompatibility: object(
    {
      type: string,
      path: string,
      description: string,
      additional: string,
      direction: { enum: ['BACKWARD', 'FORWARD'] },
      counterExample: object(
        { document: string, acceptedBy: { enum: ['new', 'previous'] }, refusedBy: { enum: ['new', 'previous'] } },
        ['document', 'acceptedBy', 'refusedBy'],
      ),
      fix: string,
    },
    ['type', 'path', 'description', 'direction'],
  ),
  Config: object({ ...settings, compatibilityLevel: ref('CompatibilityLevel') }),
  ConfigChange: object({ ...settings, compatibility: orNull(ref('CompatibilityLevel')) }),
  Mode: object({ mode: { enum: ['READWRITE', 'READONLY', 'READONLY_OVERRIDE', 'IMPORT', 'FORWARD'] } }, ['mode']),
  Health: object({ status: string, offset: integer }, ['status']),
  Leader: object({ isLeader: boolean, leader: orNull(string) }, ['isLeader', 'leader']),
  ClusterId: object(
    { scope: object({ path: list(string), clusters: mapOf(string) }, ['path', 'clusters']), id: string },
    ['scope', 'id'],
  ),
  Version: object({ version: string, commitId: string }, ['version', 'commitId']),
  Deployment: object({ attributes: list(string) }, ['attributes']),
}

const contextPath = ([template, item]: readonly [string, Json]): readonly [string, Json] => [
  `/contexts/{context}${template}`,
  {
    ...item,
    parameters: [
      { name: 'context', in: 'path', required: true, schema: string },
      ...(item['parameters'] as readonly Json[]),
    ],
  },
]

export const openApi: Json = {
  openapi: '3.1.0',
  info: {
    title: 'Braidlog schema registry',
    version: '0.1.0',
    description:
      'The REST API of a schema registry as serializers and tools know it. Every answer to a read carries X-Braidlog-Offset, ' +
      'the offset of `_schemas` that it stands on; sent with a request to any instance, it is waited for.',
  },
  servers: [{ url: 'http://127.0.0.1:8081' }],
  paths: Object.fromEntries([...atRoot, ...inContexts, ...inContexts.map(contextPath)]),
  components: {
    schemas,
    securitySchemes: {
      basic: { type: 'http', scheme: 'basic' },
      bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
      certificate: { type: 'mutualTLS' },
    },
  },
}
