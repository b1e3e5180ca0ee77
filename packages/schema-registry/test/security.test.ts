/** Who is let in, what they may do, and what nobody can do to the process: against a registry that listens as a user's would. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, request as requestHttp, type Server } from 'node:http'
import { request as requestHttps } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import type { Logger } from '@braidlog/base'
import { startBraidlog, type Braidlog } from '@braidlog/testkit'
import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT, type CryptoKey, type JWK } from 'jose'
import { parsePrincipalRules } from '../src/http/principal-rules.ts'
import { startRegistry, type Registry, type RegistryOptions } from '../src/index.ts'
import { Authority, writePem, type Identity } from './support/certificates.ts'
import { field, record } from './support/machine.ts'
import { RestClient, type Send } from './support/rest.ts'

const V1 = record('V', field('x'))
const PASSWORD = 'correct-horse-battery'

let broker: Braidlog
let topics = 0

function optionsOf(options: Partial<RegistryOptions> = {}): RegistryOptions {
  const name = `schemas-${topics++}`
  return { kafka: { bootstrapServers: broker.bootstrapServers }, topic: name, groupId: name, port: 0, ...options }
}
const fresh = async (options: Partial<RegistryOptions>): Promise<RestClient> =>
  await RestClient.start(optionsOf(options))

before(async () => {
  broker = await startBraidlog({ config: { 'group.min.session.timeout.ms': 500 } })
})
after(async () => {
  await broker.stop()
})

const basic = (user: string, password = PASSWORD): Send => ({
  headers: { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` },
})
const bearer = (token: string): Send => ({ headers: { authorization: `Bearer ${token}` } })

suite('bearer tokens', () => {
  const [issuer, audience] = ['https://issuer.example', 'schema-registry']
  let keys: { privateKey: CryptoKey; publicKey: CryptoKey }
  let others: { privateKey: CryptoKey; publicKey: CryptoKey }
  let jwk: JWK
  let rest: RestClient
  let keyServer: Server
  let fetches = 0

  before(async () => {
    keys = await generateKeyPair('ES256')
    others = await generateKeyPair('ES256')
    jwk = { ...(await exportJWK(keys.publicKey)), kid: 'k1', alg: 'ES256', use: 'sig' }
    keyServer = createServer((_, response) => {
      fetches++
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify({ keys: [jwk] }))
    })
    await new Promise<void>((resolve) => {
      keyServer.listen(0, '127.0.0.1', resolve)
    })
    const jwksUrl = `http://127.0.0.1:${(keyServer.address() as AddressInfo).port}/keys`
    rest = await fresh({ auth: { bearer: { jwksUrl, issuer, audience } } })
  })
  after(async () => {
    await rest.registry.close()
    keyServer.close()
  })

  const token = async (
    claims: Record<string, unknown> = {},
    { key = keys.privateKey, expires = '5m', kid = 'k1' }: { key?: CryptoKey; expires?: string; kid?: string } = {},
  ): Promise<string> =>
    await new SignJWT({ sub: 'ann', iss: issuer, aud: audience, ...claims })
      .setProtectedHeader({ alg: 'ES256', kid })
      .setExpirationTime(expires)
      .sign(key)
  const status = async (options: Send): Promise<number> =>
    (await rest.send('GET', '/subjects', undefined, options)).status

  test('one that is signed by the issuer, for us, and not over, is let in', async () => {
    assert.equal(await status(bearer(await token())), 200)
    assert.equal(await status(bearer(await token({ aud: [audience, 'other'] }))), 200)
  })

  test('any other is refused with 401', async () => {
    const unsigned = new UnsecuredJWT({ sub: 'ann', iss: issuer, aud: audience }).setExpirationTime('5m').encode()
    const byPublicKey = await new SignJWT({ sub: 'ann', iss: issuer, aud: audience })
      .setProtectedHeader({ alg: 'HS256', kid: 'k1' })
      .setExpirationTime('5m')
      .sign(new TextEncoder().encode(JSON.stringify(jwk)))
    const good = await token()
    const bad: Record<string, string> = {
      'another key': await token({}, { key: others.privateKey }),
      'a key that there is not': await token({}, { kid: 'k2' }),
      'another issuer': await token({ iss: 'https://elsewhere.example' }),
      'another audience': await token({ aud: 'other' }),
      'long over': await token({}, { expires: '-2m' }),
      nobody: await token({ sub: undefined }),
      'not signed': unsigned,
      'signed with the public key as a secret': byPublicKey,
      'cut off': good.slice(0, -8),
      'no token': 'x',
    }
    for (const [what, text] of Object.entries(bad)) assert.equal(await status(bearer(text)), 401, what)
    assert.equal(await status({}), 401)
  })

  test('clocks may be apart by the skew', async () => {
    assert.equal(await status(bearer(await token({}, { expires: '-10s' }))), 200)
  })

  test('the keys are not fetched for every token, nor for every key that there is not', async () => {
    const before = fetches
    for (let i = 0; i < 20; i++) await status(bearer(await token({}, { kid: `none-${i}` })))
    assert.ok(fetches - before <= 1, `${fetches - before} fetches`)
  })

  test('a configuration that would let anybody in does not start', async () => {
    const complete = { jwksUrl: 'https://issuer.example/keys', issuer, audience }
    for (const incomplete of [
      { ...complete, jwksUrl: undefined },
      { ...complete, jwksUrl: 'http://issuer.example/keys' },
      { ...complete, jwksUrl: 'file:///etc/passwd' },
      { ...complete, issuer: '' },
      { ...complete, audience: '' },
      { ...complete, algorithms: ['none'] },
      { ...complete, algorithms: ['HS256'] },
      { ...complete, algorithms: [] },
    ]) {
      await assert.rejects(startRegistry(optionsOf({ auth: { bearer: incomplete } })), { code: 'INVALID_OPTION' })
    }
    await assert.rejects(startRegistry(optionsOf({ auth: {} })), { code: 'INVALID_OPTION' })
    await assert.rejects(startRegistry(optionsOf({ auth: { users: {} } })), { code: 'INVALID_OPTION' })
  })
})

suite('certificates', () => {
  const authority = new Authority('test authority')
  const other = new Authority('somebody else')
  const listener = authority.issue([['CN', 'localhost']])
  const orders = authority.issue([
    ['O', 'shop'],
    ['CN', 'orders, inc'],
  ])
  let directory: string
  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'braidlog-registry-tls-'))
  })
  after(() => rmSync(directory, { recursive: true, force: true }))

  /** @returns the status and the body's text, or throws what the handshake did */
  async function get(registry: Registry, path: string, identity?: Identity, headers: Record<string, string> = {}) {
    return await send(registry, 'GET', path, { identity, headers })
  }
  async function send(
    registry: Registry,
    method: string,
    path: string,
    {
      identity,
      headers = {},
      body,
    }: { identity?: Identity | undefined; headers?: Record<string, string>; body?: string },
  ): Promise<{ status: number; body: string; certificate: string }> {
    return await new Promise((resolve, reject) => {
      const sent = requestHttps(
        new URL(path, registry.url),
        {
          method,
          headers: { 'content-type': 'application/json', ...headers },
          ca: authority.certificate,
          agent: false,
          ...(identity === undefined ? {} : { cert: identity.certificate, key: identity.key }),
        },
        (response) => {
          const certificate = (
            response.socket as unknown as { getPeerCertificate(): { fingerprint256: string } }
          ).getPeerCertificate().fingerprint256
          const chunks: Buffer[] = []
          response.on('data', (chunk: Buffer) => chunks.push(chunk))
          response.on('end', () =>
            resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString(), certificate }),
          )
          response.on('error', reject)
        },
      )
      sent.on('error', reject)
      sent.end(body)
    })
  }

  test('required: nobody gets in without one, nor with one of another authority', async () => {
    const tls = { ...writePem(directory, listener, authority.certificate), clientCertificates: 'required' as const }
    await using registry = await startRegistry(optionsOf({ tls }))
    assert.match(registry.url, /^https:/)
    assert.equal((await get(registry, '/subjects', orders)).status, 200)
    await assert.rejects(get(registry, '/subjects'))
    await assert.rejects(get(registry, '/subjects', other.issue([['CN', 'orders']])))
  })

  test('requested: whoever has none needs a password, one that was not verified is none', async () => {
    const tls = { ...writePem(directory, listener, authority.certificate), clientCertificates: 'requested' as const }
    await using registry = await startRegistry(optionsOf({ tls, auth: { users: { ann: PASSWORD } } }))
    assert.equal((await get(registry, '/subjects', orders)).status, 200)
    assert.equal((await get(registry, '/subjects')).status, 401)
    assert.equal((await get(registry, '/subjects', undefined, basic('ann').headers)).status, 200)
    assert.equal((await get(registry, '/subjects', other.issue([['CN', 'orders']]))).status, 401)
  })

  test('the name becomes a principal by the rules, and entries are about that', async () => {
    const tls = { ...writePem(directory, listener, authority.certificate), clientCertificates: 'required' as const }
    const certificateRules = String.raw`RULE:^CN=(\w+).*,O=shop$/$1/U,DEFAULT`
    await using registry = await startRegistry(
      optionsOf({ tls, auth: { certificateRules }, authorization: { superUsers: ['User:ORDERS'] } }),
    )
    assert.equal((await get(registry, '/config', orders)).status, 200)
    const denied = await get(registry, '/config', authority.issue([['CN', 'x']]))
    assert.equal(denied.status, 403)
    assert.match(denied.body, /User:CN=x is not authorized to DESCRIBE_CONFIGS the registry/)
  })

  test('files that are replaced are used by the connections that come then; a broken one changes nothing', async () => {
    const files = writePem(directory, listener, authority.certificate)
    await using registry = await startRegistry(optionsOf({ tls: { ...files, reloadIntervalMs: 20 } }))
    const { certificate: first } = await get(registry, '/subjects')
    writePem(directory, { certificate: 'no certificate', key: listener.key }, authority.certificate)
    assert.equal((await get(registry, '/subjects')).certificate, first)
    writePem(directory, authority.issue([['CN', 'localhost']]), authority.certificate)
    await eventually(async () => (await get(registry, '/subjects')).certificate !== first)
  })

  test('a write that an instance passes on is asked for by who asked there, if the leader knows the instance', async () => {
    const registryIdentity = authority.issue([['CN', 'localhost']])
    const tls = {
      ...writePem(directory, registryIdentity, authority.certificate),
      clientCertificates: 'required' as const,
    }
    const options = {
      ...optionsOf({ tls, auth: { instances: ['User:CN=localhost'] } }),
      authorization: { superUsers: ['User:CN=orders\\, inc,O=shop'] },
      sessionTimeoutMs: 1_500,
      heartbeatIntervalMs: 200,
    }
    await using first = await startRegistry(options)
    await first.leaderKnown()
    await using second = await startRegistry(options)
    await second.leaderKnown()
    const follower = first.isLeader ? second : first
    const body = JSON.stringify({ schema: V1 })
    const written = await send(follower, 'POST', '/subjects/a/versions', { identity: orders, body })
    assert.equal(written.status, 200, written.body)
    const stranger = authority.issue([['CN', 'stranger']])
    const headers = { 'x-braidlog-principal': encodeURIComponent('User:CN=orders\\, inc,O=shop') }
    const forged = await send(follower, 'POST', '/subjects/b/versions', { identity: stranger, body, headers })
    assert.equal(forged.status, 403, 'only instances are believed')
  })

  test('without certificates to ask for, their rules and the trust in instances are refused at start', async () => {
    for (const auth of [{ certificateRules: 'DEFAULT' }, { instances: ['User:x'] }]) {
      const options = optionsOf({ auth: { users: { ann: PASSWORD }, ...auth } })
      await assert.rejects(startRegistry(options), { code: 'INVALID_OPTION' })
    }
    const tls = { certificateFile: 'none.pem', keyFile: 'none.pem' }
    await assert.rejects(startRegistry(optionsOf({ tls })), { code: 'INVALID_OPTION' })
  })
})

suite('rules from names to principals', () => {
  const DN = 'CN=duke,OU=JavaSoft,O=Sun,C=US'
  const cases: [rules: string, name: string, principal: string | undefined][] = [
    ['DEFAULT', DN, DN],
    ['', DN, DN],
    ['RULE:^CN=(.*?),OU=.*$/$1/', DN, 'duke'],
    ['RULE:^CN=(.*?),OU=(.*?),.*$/$1@$2/L', DN, 'duke@javasoft'],
    ['RULE:^CN=(.*?),.*$/$1/U', DN, 'DUKE'],
    ['RULE:^CN=none$/x/, RULE:^CN=duke.*$/y/', DN, 'y'],
    ['RULE:^CN=none$/x/', DN, undefined],
    ['RULE:CN=duke/partly/', DN, undefined],
    [String.raw`RULE:^CN=a\/b$/slash/`, 'CN=a/b', 'slash'],
    ['DEFAULT', 'x'.repeat(5_000), undefined],
  ]
  for (const [rules, name, principal] of cases) {
    test(`${rules} makes ${String(principal)} of ${name.slice(0, 40)}`, () => {
      assert.equal(parsePrincipalRules(rules)(name), principal)
    })
  }

  test('what is no rule is refused', () => {
    for (const rules of ['RULE:^CN=(.*)$', 'RULE:(/x/', 'RULE:a/b/X', 'NONE']) {
      assert.throws(() => parsePrincipalRules(rules), { code: 'INVALID_OPTION' })
    }
  })

  test('a pattern that would go back and forth for ever does not', () => {
    assert.equal(parsePrincipalRules('RULE:^CN=(a+)+$/x/')(`CN=${'a'.repeat(4_000)}!`), undefined)
  })
})

suite('access control entries', () => {
  const users = { admin: PASSWORD, ann: PASSWORD, bob: PASSWORD }
  const authorization = { superUsers: ['User:admin'] }
  interface Entry {
    readonly principal: string
    readonly operation: string
    readonly resource?: string
    readonly rest?: object
  }
  const allow = (rest: RestClient) => async (entry: Entry) =>
    await rest.send(
      'POST',
      '/security/acls',
      [
        {
          principal: entry.principal,
          operation: entry.operation,
          resource: entry.resource ?? '*',
          resource_type: 'SUBJECT',
          permission: 'ALLOW',
          ...entry.rest,
        },
      ],
      basic('admin'),
    )
  const status = (rest: RestClient, user: string) => async (method: string, path: string, body?: unknown) =>
    (await rest.send(method, path, body, basic(user))).status

  test('without an entry nothing is allowed; with one, what it says and no more', async () => {
    await using rest = await fresh({ auth: { users }, authorization })
    const ann = status(rest, 'ann')
    assert.equal(await ann('POST', '/subjects/orders-value/versions', { schema: V1 }), 403)
    const added = await allow(rest)({ principal: 'User:ann', operation: 'WRITE', resource: 'orders-value' })
    assert.equal(added.status, 201)
    assert.equal(await ann('POST', '/subjects/orders-value/versions', { schema: V1 }), 200)
    assert.equal(await ann('GET', '/subjects/orders-value/versions'), 200, 'WRITE implies DESCRIBE')
    assert.equal(await ann('GET', '/subjects/orders-value/versions/1'), 403)
    assert.equal(await ann('DELETE', '/subjects/orders-value'), 403)
    assert.equal(await ann('PUT', '/config/orders-value', { compatibility: 'NONE' }), 403)
    assert.equal(await ann('POST', '/subjects/others-value/versions', { schema: V1 }), 403)
    assert.equal(await status(rest, 'bob')('POST', '/subjects/orders-value/versions', { schema: V1 }), 403)
  })

  test('prefixes, contexts as prefixes, and denials that win', async () => {
    await using rest = await fresh({ auth: { users }, authorization })
    const ann = status(rest, 'ann')
    const prefixed = { pattern_type: 'PREFIXED' }
    await allow(rest)({ principal: 'User:ann', operation: 'ALL', resource: 'orders-', rest: prefixed })
    await allow(rest)({ principal: 'User:ann', operation: 'ALL', resource: ':.prod:', rest: prefixed })
    await allow(rest)({
      principal: 'User:*',
      operation: 'DELETE',
      resource: 'orders-value',
      rest: { permission: 'DENY' },
    })
    for (const subject of ['orders-value', 'orders-key', ':.prod:anything']) {
      assert.equal(await ann('POST', `/subjects/${subject}/versions`, { schema: V1 }), 200)
    }
    assert.equal(await ann('POST', '/contexts/.prod/subjects/more/versions', { schema: V1 }), 200)
    assert.equal(await ann('PUT', '/contexts/.prod/config', { compatibility: 'NONE' }), 200)
    assert.equal(await ann('PUT', '/config', { compatibility: 'NONE' }), 403)
    assert.equal(await ann('PUT', '/config/:.__GLOBAL:', { compatibility: 'NONE' }), 403)
    assert.equal(await ann('PUT', '/config/:.:', { compatibility: 'NONE' }), 403)
    assert.equal(await ann('DELETE', '/subjects/orders-value'), 403)
    assert.equal(await ann('DELETE', '/subjects/orders-key'), 200)
  })

  test('lists and ids show what may be seen', async () => {
    await using rest = await fresh({ auth: { users }, authorization })
    const admin = basic('admin')
    const other = record('Secret', field('x'))
    await rest.send('POST', '/subjects/mine/versions', { schema: V1 }, admin)
    await rest.send('POST', '/subjects/secret/versions', { schema: V1 }, admin)
    const { body } = await rest.send('POST', '/subjects/secret/versions?normalize=true', { schema: other }, admin)
    assert.equal(body.error_code, 409)
    await rest.send('POST', '/subjects/secret2/versions', { schema: other }, admin)
    await rest.send('POST', '/subjects/:.hidden:s/versions', { schema: V1 }, admin)
    await allow(rest)({ principal: 'User:ann', operation: 'READ', resource: 'mine' })
    const get = async (path: string) => (await rest.send('GET', path, undefined, basic('ann'))).body
    assert.deepEqual(await get('/subjects'), ['mine'])
    assert.deepEqual(
      (await get('/schemas')).map((each: { subject: string }) => each.subject),
      ['mine'],
    )
    assert.deepEqual(await get('/schemas/ids/1/subjects'), ['mine'])
    assert.equal((await get('/schemas/ids/1')).schema, V1)
    assert.equal((await get('/schemas/ids/2')).error_code, 40301)
    assert.deepEqual(await get('/contexts'), ['.'])
    assert.equal((await get('/schemas/types')).length, 3)
    assert.equal((await get('/subjects/secret/versions')).error_code, 40301)
    assert.equal((await get('/subjects/no-such-subject/versions')).error_code, 40301)
  })

  test('an alias gives no right that the subject behind it does not, nor does a reference', async () => {
    await using rest = await fresh({ auth: { users }, authorization })
    const admin = basic('admin')
    await rest.send('POST', '/subjects/secret/versions', { schema: V1 }, admin)
    await allow(rest)({ principal: 'User:ann', operation: 'ALL', resource: 'mine' })
    const ann = status(rest, 'ann')
    assert.equal(await ann('PUT', '/config/mine', { alias: 'secret' }), 200)
    assert.equal(await ann('GET', '/subjects/mine/versions/latest'), 403)
    assert.equal(await ann('PUT', '/config/mine', { alias: null }), 200)
    const references = [{ name: 'V', subject: 'secret', version: 1 }]
    const schema = record('Mine', field('v', 'V'))
    assert.equal(await ann('POST', '/subjects/mine/versions', { schema, references }), 403)
    assert.equal(await ann('POST', '/compatibility/subjects/mine/versions', { schema, references }), 403)
  })

  test('entries are listed, filtered, removed, survive a restart, and are for who may ALTER the registry', async () => {
    const options = optionsOf({ auth: { users }, authorization })
    const entry = {
      principal: 'User:ann',
      resource: 'a',
      resource_type: 'SUBJECT',
      pattern_type: 'LITERAL',
      host: '*',
      operation: 'READ',
      permission: 'ALLOW',
    }
    {
      await using rest = await RestClient.start(options)
      const admin = basic('admin')
      assert.deepEqual((await rest.send('POST', '/security/acls', [entry, entry], admin)).body, [entry])
      assert.deepEqual((await rest.send('POST', '/security/acls', [entry], admin)).body, [])
      assert.equal(await rest.code('GET', '/security/acls', undefined, basic('ann')), 40301)
      assert.equal(await rest.code('POST', '/security/acls', [entry], basic('ann')), 40301)
      assert.equal(await rest.code('POST', '/security/acls', [{ ...entry, operation: 'FLY' }], admin), 422)
      assert.equal(await rest.code('POST', '/security/acls', [{ ...entry, principal: 'ann' }], admin), 422)
      const reading = { ...entry, resource_type: 'REGISTRY', resource: '*', operation: 'DESCRIBE' }
      await rest.send('POST', '/security/acls', [reading], admin)
      assert.equal((await rest.send('GET', '/security/acls', undefined, basic('ann'))).body.length, 2)
    }
    await using rest = await RestClient.start(options)
    const admin = basic('admin')
    const list = async (query = '') => (await rest.send('GET', `/security/acls${query}`, undefined, admin)).body
    assert.deepEqual(await list('?resource_type=SUBJECT&principal=User:ann'), [entry])
    assert.deepEqual(await list('?operation=WRITE'), [])
    assert.deepEqual((await rest.send('DELETE', '/security/acls', [entry], admin)).body, [entry])
    assert.equal((await list()).length, 1)
  })

  test('entries can be about an address', async () => {
    await using rest = await fresh({ auth: { users }, authorization })
    const ann = status(rest, 'ann')
    await allow(rest)({ principal: 'User:ann', operation: 'READ', resource: 'a', rest: { host: '10.0.0.1' } })
    assert.equal(await ann('GET', '/subjects/a/versions'), 403)
    await allow(rest)({ principal: 'User:ann', operation: 'READ', resource: 'a', rest: { host: '127.0.0.1' } })
    assert.equal(await ann('GET', '/subjects/a/versions'), 404)
  })

  test('every route asks for a right: with none, each is refused or shows nothing', async () => {
    await using rest = await fresh({ auth: { users }, authorization })
    await rest.send('POST', '/subjects/s/versions', { schema: V1 }, basic('admin'))
    const { paths } = (await (await fetch(`${rest.registry.url}/openapi.json`)).json()) as {
      paths: Record<string, Record<string, unknown>>
    }
    const open = new Set(['/', '/schemas/types'])
    for (const [template, methods] of Object.entries(paths)) {
      if (open.has(template.replace(/^\/contexts\/\{context\}/, '')) || /^\/(health|v1)\//.test(template)) continue
      const path = template.replaceAll(
        /\{(\w+)\}/g,
        (_, name: string) => ({ subject: 's', version: '1', id: '1', guid: '0', context: '.x' })[name]!,
      )
      for (const method of Object.keys(methods).filter((name) => name !== 'parameters')) {
        const body = method === 'post' || method === 'put' ? {} : undefined
        const { status: answered, body: shown } = await rest.send(method.toUpperCase(), path, body, basic('ann'))
        if (answered === 200) assert.deepEqual(shown, [], `${method} ${path}`)
        else
          assert.ok(answered === 403 || (answered === 404 && /guids|ids/.test(path)), `${method} ${path}: ${answered}`)
      }
    }
  })
})

suite('what comes from outside', () => {
  test('on loopback, with nobody asked who they are, a request for another host is refused', async () => {
    const statusFor = async (registry: Registry, host: string): Promise<number> =>
      await new Promise((resolve, reject) => {
        requestHttp(new URL('/subjects', registry.url), { headers: { host }, agent: false }, (response) => {
          response.resume()
          resolve(response.statusCode ?? 0)
        })
          .on('error', reject)
          .end()
      })
    await using open = await fresh({})
    for (const host of ['localhost:8081', '127.0.0.1', '[::1]:8081'])
      assert.equal(await statusFor(open.registry, host), 200)
    for (const host of ['rebound.example', 'localhost.example:8081']) {
      assert.equal(await statusFor(open.registry, host), 403)
    }
    await using asked = await fresh({ auth: { users: { ann: PASSWORD } } })
    assert.equal(await statusFor(asked.registry, 'proxy.example'), 401)
  })

  test('secrets are in no log line', async () => {
    const lines: string[] = []
    const log = (message: string, fields?: object): void => {
      lines.push(
        `${message} ${JSON.stringify(fields, (_, value: unknown) => (value instanceof Error ? value.message : value))}`,
      )
    }
    const logger: Logger = { debug: log, info: log, warn: log, error: log }
    const auth = {
      users: { ann: PASSWORD },
      bearer: { jwks: { keys: [] }, issuer: 'https://issuer.example', audience: 'sr' },
    }
    const options = { ...optionsOf({ auth, logger }), sessionTimeoutMs: 1_500, heartbeatIntervalMs: 200 }
    await using first = await RestClient.start(options)
    await using second = await RestClient.start(options)
    for (const rest of [first, second]) {
      await rest.send('POST', '/subjects/a/versions', { schema: V1 }, basic('ann'))
      await rest.send('GET', '/subjects', undefined, basic('ann', 'wrong-password'))
      await rest.send('GET', '/subjects', undefined, bearer('some.secret.token'))
    }
    assert.ok(lines.length > 0)
    const encoded = Buffer.from(`ann:${PASSWORD}`).toString('base64')
    for (const secret of [PASSWORD, encoded, 'wrong-password', 'some.secret.token']) {
      assert.deepEqual(
        lines.filter((line) => line.includes(secret)),
        [],
      )
    }
  })

  test('no schema makes the registry ask anybody: a $ref to an address is refused, and nobody was called', async () => {
    let calls = 0
    const bait = createServer((_, response) => {
      calls++
      response.end('{}')
    })
    await new Promise<void>((resolve) => {
      bait.listen(0, '127.0.0.1', resolve)
    })
    try {
      await using rest = await fresh({})
      const url = `http://127.0.0.1:${(bait.address() as AddressInfo).port}/schema.json`
      const schemas: [schemaType: string, schema: string][] = [
        ['JSON', `{"$ref":"${url}"}`],
        ['JSON', `{"$schema":"${url}","type":"object"}`],
        ['JSON', `{"$id":"${url}","$ref":"other.json"}`],
        ['JSON', '{"$ref":"file:///etc/passwd"}'],
        ['PROTOBUF', `syntax = "proto3";\nimport "${url}";\nmessage A {}`],
        ['PROTOBUF', 'syntax = "proto3";\nimport "/etc/passwd";\nmessage A {}'],
      ]
      for (const [i, [schemaType, schema]] of schemas.entries()) {
        for (const path of [`/subjects/s${i}/versions`, `/compatibility/subjects/s${i}/versions`]) {
          await rest.send('POST', path, { schema, schemaType })
        }
      }
      assert.equal(
        await rest.code('POST', '/subjects/x/versions', { schema: `{"$ref":"${url}"}`, schemaType: 'JSON' }),
        42201,
      )
      assert.equal(calls, 0)
    } finally {
      bait.close()
    }
  })

  test('patterns that go back and forth, deep bodies, deep and wide schemas end', { timeout: 30_000 }, async () => {
    await using rest = await fresh({})
    const pattern = (text: string): string =>
      JSON.stringify({ type: 'object', patternProperties: { [text]: { type: 'string' } }, additionalProperties: false })
    await rest.register('p', pattern('^(a+)+$'), { schemaType: 'JSON' })
    const evil = JSON.stringify({
      type: 'object',
      properties: { [`${'a'.repeat(60)}!`]: { type: 'string', pattern: '^(a|a)*$' } },
      additionalProperties: false,
    })
    await rest.send('POST', '/compatibility/subjects/p/versions?explain=true', { schema: evil, schemaType: 'JSON' })
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`
    assert.equal(await rest.code('POST', '/subjects/a/versions', undefined, { text: deep }), 400)
    const nested = `${'{"type":"array","items":'.repeat(5_000)}"int"${'}'.repeat(5_000)}`
    assert.equal(Math.floor((await rest.code('POST', '/subjects/a/versions', { schema: nested })) / 100), 422)
    const wide = record('W', ...Array.from({ length: 20_000 }, (_, i) => field(`f${i}`)))
    assert.equal(await rest.code('POST', '/subjects/a/versions', { schema: wide.repeat(3) }), 42209)
    assert.equal((await rest.send('POST', '/subjects/w/versions', { schema: wide })).status, 200)
  })

  test('names that reach for prototypes are names', async () => {
    await using rest = await fresh({})
    for (const name of ['__proto__', 'constructor', 'toString']) {
      assert.equal((await rest.register(name, V1)).version, 1)
      await rest.ok('PUT', `/config/${name}`, { compatibility: 'NONE' })
      assert.deepEqual(await rest.ok('GET', `/config/${name}`), { compatibilityLevel: 'NONE' })
    }
    const text = '{"schema":"\\"int\\"","metadata":{"properties":{"__proto__":"x"},"tags":{"__proto__":["PII"]}}}'
    assert.equal((await rest.send('POST', '/subjects/m/versions', undefined, { text })).status, 200)
    await rest.ok('GET', '/subjects/m/versions/1?findTags=*')
    assert.deepEqual(Object.keys(Object.prototype), [])
  })
})

const ATTEMPTS_MAX = 500

/** Asks again and again; a condition that never comes true fails by its count. */
async function eventually(condition: () => Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) if (await condition()) return
  assert.fail('it never came true')
}
