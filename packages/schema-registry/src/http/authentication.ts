/** Basic authentication. Passwords are compared in time that does not depend on where they differ. */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { Context, MiddlewareHandler } from 'hono'
import type { RegistryAuth } from '../options.ts'
import type { Env } from './exchange.ts'

/** @param refuse answers 401 with a body of the API */
export function authenticate(
  { users = {} }: RegistryAuth,
  refuse: (context: Context<Env>, message: string) => Response,
): MiddlewareHandler<Env> {
  const digests = new Map(Object.entries(users).map(([user, password]) => [user, digest(password)]))
  const nobody = digest('')
  return async (context, next) => {
    const credentials = basicCredentials(context.req.header('authorization'))
    // An unknown user costs as much as a wrong password.
    const expected = credentials === undefined ? undefined : digests.get(credentials.user)
    const isRight = timingSafeEqual(digest(credentials?.password ?? ''), expected ?? nobody)
    if (expected !== undefined && isRight) return await next()
    context.header('www-authenticate', 'Basic realm="schema registry", charset="UTF-8"')
    return refuse(context, 'Unauthorized')
  }
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()

function basicCredentials(header: string | undefined): { user: string; password: string } | undefined {
  const [, encoded] = /^basic ([a-z0-9+/=]+)$/i.exec(header ?? '') ?? []
  if (encoded === undefined) return undefined
  const text = Buffer.from(encoded, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  return colon < 0 ? undefined : { user: text.slice(0, colon), password: text.slice(colon + 1) }
}
