/**
 * X.509 certificates for tests, made on the spot: an authority and what it signs, ECDSA over P-256, valid around now on loopback.
 *
 * Just enough DER for that (ITU-T X.690): every value is tag, length, contents.
 */
import { generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

export interface Identity {
  readonly certificate: string
  readonly key: string
}

export class Authority {
  readonly #name: Buffer
  readonly #keys = newKeys()
  readonly certificate: string

  constructor(commonName: string) {
    this.#name = nameOf([['CN', commonName]])
    this.certificate = this.#certify(this.#name, this.#keys.publicKey, [
      extension('2.5.29.19', sequence(boolean(true)), true),
    ])
  }

  /** @param attributes from the most general to the most special: `[['O', 'shop'], ['CN', 'orders']]` */
  issue(attributes: readonly (readonly [keyof typeof ATTRIBUTES, string])[]): Identity {
    const { publicKey, privateKey } = newKeys()
    const alternatives = sequence(tagged(0x82, Buffer.from('localhost')), tagged(0x87, Buffer.from([127, 0, 0, 1])))
    const certificate = this.#certify(nameOf(attributes), publicKey, [extension('2.5.29.17', alternatives, false)])
    return { certificate, key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string }
  }

  #certify(subject: Buffer, publicKey: KeyObject, extensions: readonly Buffer[]): string {
    const algorithm = sequence(oid('1.2.840.10045.4.3.2'))
    const hourMs = 3_600_000
    const signed = sequence(
      tagged(0xa0, tagged(0x02, Buffer.from([2]))),
      tagged(0x02, Buffer.concat([Buffer.from([1]), randomBytes(8)])),
      algorithm,
      this.#name,
      sequence(time(Date.now() - hourMs), time(Date.now() + 24 * hourMs)),
      subject,
      publicKey.export({ type: 'spki', format: 'der' }),
      tagged(0xa3, sequence(...extensions)),
    )
    const signature = sign('sha256', signed, this.#keys.privateKey)
    const whole = sequence(signed, algorithm, tagged(0x03, Buffer.concat([Buffer.from([0]), signature])))
    const lines = whole.toString('base64').match(/.{1,64}/g)!
    return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`
  }
}

/** Writes what a listener wants. @returns the paths, as `RegistryTls` names them */
export function writePem(directory: string, { certificate, key }: Identity, authorities: string) {
  const path = (name: string, text: string): string => {
    writeFileSync(join(directory, name), text)
    return join(directory, name)
  }
  return {
    certificateFile: path('certificate.pem', certificate),
    keyFile: path('key.pem', key),
    authoritiesFile: path('authorities.pem', authorities),
  }
}

const ATTRIBUTES = { C: '2.5.4.6', O: '2.5.4.10', OU: '2.5.4.11', CN: '2.5.4.3' } as const

const newKeys = () => generateKeyPairSync('ec', { namedCurve: 'P-256' })

function tagged(tag: number, contents: Buffer): Buffer {
  const { length } = contents
  if (length < 0x80) return Buffer.concat([Buffer.from([tag, length]), contents])
  const long = length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...long]), contents])
}
const sequence = (...members: readonly Buffer[]): Buffer => tagged(0x30, Buffer.concat(members))
const boolean = (value: boolean): Buffer => tagged(0x01, Buffer.from([value ? 0xff : 0]))
const nameOf = (attributes: readonly (readonly [keyof typeof ATTRIBUTES, string])[]): Buffer =>
  sequence(
    ...attributes.map(([type, value]) =>
      tagged(0x31, sequence(oid(ATTRIBUTES[type]), tagged(0x0c, Buffer.from(value, 'utf8')))),
    ),
  )
const extension = (id: string, value: Buffer, isCritical: boolean): Buffer =>
  sequence(oid(id), ...(isCritical ? [boolean(true)] : []), tagged(0x04, value))

/** UTCTime. */
function time(ms: number): Buffer {
  const text = new Date(ms).toISOString().replaceAll(/[-:T]/g, '').slice(2, 14)
  return tagged(0x17, Buffer.from(`${text}Z`))
}

function oid(text: string): Buffer {
  const [first = 0, second = 0, ...rest] = text.split('.').map(Number)
  const bytes = [first * 40 + second]
  for (const part of rest) {
    const digits = [part & 0x7f]
    for (let left = part >> 7; left > 0; left >>= 7) digits.unshift((left & 0x7f) | 0x80)
    bytes.push(...digits)
  }
  return tagged(0x06, Buffer.from(bytes))
}
