/**
 * Bearer tokens: JSON Web Tokens, signed by a key of the issuer's key set, for us, not expired.
 *
 * Everything that must hold is named: algorithms (asymmetric ones only, so that neither `none` nor a public key used as a secret gets
 * through), issuer, audience, expiry and the claim that names the user. Keys come from the configured address alone, whatever a token
 * says; they are fetched at most every 30 s, in 5 s and 1 MiB, and kept for 10 minutes.
 *
 * Source: RFC 7519 and RFC 8725 (best current practices).
 */
import { createLocalJWKSet, createRemoteJWKSet, customFetch, errors, jwtVerify, type JSONWebKeySet } from 'jose'
import type { Logger } from '@braidlog/base'
import { RegistryError } from '../errors.ts'
import type { BearerOptions } from '../options.ts'

/** @returns the user's name, or undefined when the token is not to be trusted */
export type VerifyToken = (token: string) => Promise<string | undefined>

const ALGORITHMS = ['RS256', 'PS256', 'ES256', 'ES384', 'EdDSA']
const ASYMMETRIC = /^(?:RS|PS|ES)(?:256|384|512)$|^(?:EdDSA|Ed25519)$/
const FETCH_TIMEOUT_MS = 5_000
const FETCH_AGAIN_MS = 30_000
const KEYS_AGE_MAX_MS = 600_000
const KEYS_SIZE_MAX_BYTES = 1 << 20
const CLOCK_SKEW_MS = 30_000

/** @throws RegistryError INVALID_OPTION for anything that is not complete: it would let in whoever comes */
export function bearerVerifier(options: BearerOptions, logger: Logger): VerifyToken {
  const { issuer, audience, algorithms = ALGORITHMS, principalClaim = 'sub', clockSkewMs = CLOCK_SKEW_MS } = options
  if (issuer === '' || audience === '') invalid('issuer and audience must be named')
  if (algorithms.length === 0) invalid('algorithms must name at least one')
  for (const algorithm of algorithms) {
    if (!ASYMMETRIC.test(algorithm)) invalid(`algorithm ${algorithm} is not an asymmetric signature`)
  }
  const keys = keySet(options)
  return async (token) => {
    try {
      const { payload } = await jwtVerify(token, keys, {
        issuer,
        audience,
        algorithms: [...algorithms],
        clockTolerance: clockSkewMs / 1_000,
        requiredClaims: ['exp', principalClaim],
      })
      const name = payload[principalClaim]
      return typeof name === 'string' && name !== '' ? name : undefined
    } catch (error) {
      // Why, but never the token.
      if (error instanceof errors.JWKSTimeout || !(error instanceof errors.JOSEError)) {
        logger.error('the keys of tokens cannot be fetched', {
          jwksUrl: options.jwksUrl,
          reason: (error as Error).message,
        })
      } else logger.debug('a token is refused', { reason: error.code })
      return undefined
    }
  }
}

function keySet({ jwksUrl, jwks }: BearerOptions) {
  if ((jwksUrl === undefined) === (jwks === undefined)) invalid('either jwksUrl or jwks must be given')
  if (jwks !== undefined) return createLocalJWKSet(jwks as unknown as JSONWebKeySet)
  const url = URL.parse(jwksUrl!)
  if (url === null || !isAllowed(url)) return invalid(`jwksUrl must be https:, or http: on loopback, not ${jwksUrl}`)
  return createRemoteJWKSet(url, {
    timeoutDuration: FETCH_TIMEOUT_MS,
    cooldownDuration: FETCH_AGAIN_MS,
    cacheMaxAge: KEYS_AGE_MAX_MS,
    [customFetch]: fetchBounded,
  })
}

const isAllowed = ({ protocol, hostname }: URL): boolean =>
  protocol === 'https:' || (protocol === 'http:' && /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(hostname))

/** No redirects, and no more bytes than keys have. */
async function fetchBounded(url: string, init: RequestInit): Promise<Response> {
  const response = await fetch(url, { ...init, redirect: 'error' })
  const chunks: Uint8Array[] = []
  let sizeBytes = 0
  for await (const chunk of response.body ?? []) {
    sizeBytes += chunk.length
    if (sizeBytes > KEYS_SIZE_MAX_BYTES) throw new Error(`the keys have more than ${KEYS_SIZE_MAX_BYTES} bytes`)
    chunks.push(chunk)
  }
  return new Response(Buffer.concat(chunks), { status: response.status, headers: response.headers })
}

function invalid(message: string): never {
  throw new RegistryError('INVALID_OPTION', `auth.bearer: ${message}`)
}
