/** Where code generation is forbidden the slow codecs take over. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import test from 'node:test'
import { promisify } from 'node:util'

const PROGRAM = `
import { avroDecoder, avroEncoder } from './src/serdes/avro/codec.ts'
import { shapeOf } from './src/serdes/avro/shape.ts'
import { messageDecoder, messageEncoder } from './src/serdes/protobuf/codec.ts'
import { messagesOf } from './src/serdes/protobuf/message.ts'
import { validatorOf } from './src/serdes/json/validate.ts'
import { parseSchema } from './src/formats/index.ts'
const none = new Uint8Array(0)
const { type } = parseSchema({ schemaType: 'AVRO', schema: '{"type":"map","values":"string"}' })
console.log(JSON.stringify(avroDecoder(type, type, shapeOf({}))(avroEncoder(type, shapeOf({}))({ a: 'x' }, none), 0)))
const { message } = messagesOf(parseSchema({ schemaType: 'PROTOBUF', schema: 'syntax = "proto3"; message M { string s = 1; }' })).byName(undefined)
console.log(JSON.stringify(messageDecoder(message, 'number')(messageEncoder(message)({ s: 'y' }, none), 0)))
try { validatorOf(parseSchema({ schemaType: 'JSON', schema: '{"type":"string"}' })) } catch (error) { console.log(error.code) }
`

test('values are written and read without code generation', async () => {
  const args = ['--disallow-code-generation-from-strings', '--input-type=module-typescript', '-e', PROGRAM]
  const cwd = new URL('../..', import.meta.url)
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd, timeout: 60_000 })
  assert.deepEqual(stdout.trim().split('\n'), ['{"a":"x"}', '{"s":"y"}', 'INVALID_OPTION'])
})
