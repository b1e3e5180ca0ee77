/**
 * Who sent a request: by Basic authentication, a bearer token or the certificate of the connection.
 *
 * | the request has                                             | who it is                                    |
 * |-------------------------------------------------------------|----------------------------------------------|
 * | a certificate of another instance, and says who asked there | who asked there                              |
 * | an `Authorization` header                                   | whom it proves; 401 if it does not           |
 * | a certificate                                               | its name, by `certificateRules`              |
 * | none of these                                               | 401, or anonymous where nobody is asked      |
 *
 * Passwords are compared in time that does not depend on where they differ.
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import { TLSSocket } from 'node:tls'
import { ANONYMOUS_PRINCIPAL, hostOf, type Requester } from '@braidlog/model'
import type { Context, MiddlewareHandler } from 'hono'
import { HOST_HEADER, PRINCIPAL_HEADER } from '../election/forward.ts'
import type { RegistryAuth } from '../options.ts'
import type { Env } from './exchange.ts'
import type { Identities } from './identities.ts'
import type { PrincipalRules } from './principal-rules.ts'

export interface AuthenticationOptions {
  readonly auth: RegistryAuth | undefined
  readonly identities: Identities
  /** Whether who cannot be identified is let in, as nobody in particular. */
  readonly isOpen: boolean
}

/** @param refuse answers 401 with a body of the API */
export function authentication(
  { auth = {}, identities: { verifyToken, certifiedAs }, isOpen }: AuthenticationOptions,
  refuse: (context: Context<Env>, message: string) => Response,
): MiddlewareHandler<Env> {
  const checkPassword = passwordCheck(auth.users ?? {})
  const instances = new Set(auth.instances)
  const challenges = [
    ...(auth.users === undefined ? [] : ['Basic realm="schema registry", charset="UTF-8"']),
    ...(verifyToken === undefined ? [] : ['Bearer realm="schema registry"']),
  ]

  const identify = async (header: string | undefined): Promise<string | undefined> => {
    const [, scheme = '', credentials = ''] = /^(basic|bearer) +([\w.+/=~-]+)$/i.exec(header ?? '') ?? []
    switch (scheme.toLowerCase()) {
      case 'basic':
        return checkPassword(credentials)
      case 'bearer':
        return await verifyToken?.(credentials)
      default:
        return undefined
    }
  }

  return async (context, next) => {
    const { incoming } = context.env
    const host = hostOf(incoming.socket.remoteAddress ?? '')
    const certified = certifiedName(incoming.socket, certifiedAs)
    const own = certified === undefined ? undefined : `User:${certified}`
    const asked = context.req.header(PRINCIPAL_HEADER)
    const header = context.req.header('authorization')
    let requester: Requester | undefined
    if (own !== undefined && asked !== undefined && instances.has(own)) {
      requester = { principal: decodeURIComponent(asked), host: context.req.header(HOST_HEADER) ?? host }
    } else if (header !== undefined && !isOpen) {
      const name = await identify(header)
      if (name !== undefined) requester = { principal: `User:${name}`, host }
    } else if (own !== undefined) requester = { principal: own, host }
    else if (isOpen) requester = { principal: ANONYMOUS_PRINCIPAL, host }
    if (requester !== undefined) {
      context.set('requester', requester)
      return await next()
    }
    if (challenges.length > 0) context.header('www-authenticate', challenges.join(', '))
    return refuse(context, 'Unauthorized')
  }
}

/** @returns checks credentials in base64: the user's name, or undefined */
function passwordCheck(users: Readonly<Record<string, string>>): (credentials: string) => string | undefined {
  const digests = new Map(Object.entries(users).map(([user, password]) => [user, digest(password)]))
  const nobody = digest('')
  return (credentials) => {
    const text = Buffer.from(credentials, 'base64').toString('utf8')
    const colon = text.indexOf(':')
    const user = text.slice(0, Math.max(0, colon))
    // An unknown user costs as much as a wrong password.
    const expected = colon < 0 ? undefined : digests.get(user)
    const isRight = timingSafeEqual(digest(text.slice(colon + 1)), expected ?? nobody)
    return expected !== undefined && isRight ? user : undefined
  }
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()

/** The name of a certificate that has been verified, as rules make a principal of it. */
function certifiedName(socket: object, rules: PrincipalRules): string | undefined {
  if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined
  const subject = socket.getPeerX509Certificate()?.subject
  if (subject === undefined) return undefined
  // Node shows one attribute a line, escaped as RFC 2253 wants it; that RFC, and Apache Kafka, begin at the other end.
  return rules(subject.split('\n').reverse().join(','))
}
