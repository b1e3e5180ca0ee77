/** The options file: what is misspelt or of another type is refused by its name. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { parseOptionsFile } from '../src/index.ts'

test('what is known and of its type comes out as it is', () => {
  const options = {
    host: '0.0.0.0',
    port: 8081,
    tls: { certificateFile: 'a', keyFile: 'b', clientCertificates: 'required' },
    auth: {
      users: { ann: 'secret' },
      bearer: { jwks: { keys: [{}] }, issuer: 'i', audience: 'a', algorithms: ['ES256'] },
      instances: ['User:CN=sr'],
    },
    authorization: { superUsers: ['User:ann'], allowEveryoneIfNoAclFound: false },
  }
  assert.deepEqual(parseOptionsFile(JSON.stringify(options)), options)
})

const refused: readonly [text: string, message: RegExp][] = [
  ['{', /not JSON/],
  ['[]', /the file must be an object/],
  ['{"prot":8081}', /there is no option prot; there are host, port/],
  ['{"port":"8081"}', /port must be a number/],
  ['{"auth":{"user":{}}}', /no option auth\.user; there are users/],
  ['{"auth":{"users":{"ann":1}}}', /auth\.users must be an object of strings/],
  ['{"tls":{"certificatefile":"x"}}', /no option tls\.certificatefile/],
  ['{"authorization":{"superUsers":"ann"}}', /authorization\.superUsers must be a list of strings/],
  ['{"__proto__":{}}', /no option __proto__/],
]
for (const [text, message] of refused) {
  test(`${text} is refused`, () => {
    assert.throws(() => parseOptionsFile(text), { code: 'INVALID_OPTION', message })
  })
}
