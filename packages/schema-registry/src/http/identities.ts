/** What it takes to tell who somebody is, loaded only where it is configured: the libraries cost more than the rest of the start. */
import type { Logger } from '@braidlog/base'
import type { RegistryAuth } from '../options.ts'
import type { VerifyToken } from './bearer.ts'
import type { PrincipalRules } from './principal-rules.ts'

export interface Identities {
  readonly verifyToken: VerifyToken | undefined
  /** From the name in a certificate to a user; undefined: nobody. */
  readonly certifiedAs: PrincipalRules
}

/** @throws RegistryError INVALID_OPTION */
export async function loadIdentities(
  { bearer, certificateRules = 'DEFAULT' }: RegistryAuth,
  logger: Logger,
): Promise<Identities> {
  const verifyToken = bearer === undefined ? undefined : (await import('./bearer.ts')).bearerVerifier(bearer, logger)
  const certifiedAs: PrincipalRules =
    certificateRules.trim() === 'DEFAULT'
      ? (name) => name
      : (await import('./principal-rules.ts')).parsePrincipalRules(certificateRules)
  return { verifyToken, certifiedAs }
}
