/**
 * Certificate, key and authorities of the listener, from PEM files that may be replaced while it runs: new connections get what the
 * files say now, those that stand keep what they have. A replacement that cannot be read or does not fit together changes nothing.
 */
import { readFileSync, statSync } from 'node:fs'
import { createSecureContext, type SecureContextOptions, type Server } from 'node:tls'
import type { Logger } from '@braidlog/base'
import { RegistryError } from '../errors.ts'
import type { RegistryTls } from '../options.ts'

const RELOAD_INTERVAL_MS = 10_000

export class TlsFiles {
  readonly #options: RegistryTls
  readonly #logger: Logger
  readonly #paths: readonly string[]
  #current: SecureContextOptions
  #stamp: string
  #timer: NodeJS.Timeout | undefined

  /** @throws RegistryError INVALID_OPTION when the files cannot be used */
  constructor(options: RegistryTls, logger: Logger) {
    this.#options = options
    this.#logger = logger
    const { certificateFile, keyFile, authoritiesFile } = options
    this.#paths = [certificateFile, keyFile, ...(authoritiesFile === undefined ? [] : [authoritiesFile])]
    try {
      this.#stamp = this.#readStamp()
      this.#current = this.#read()
    } catch (error) {
      throw new RegistryError('INVALID_OPTION', `tls: ${(error as Error).message}`, { cause: error })
    }
  }

  /** As they were last read and found good. */
  get current(): SecureContextOptions {
    return this.#current
  }

  /** Looks at the files from time to time, on behalf of that server, until `close`. */
  watch(server: Server): void {
    const { reloadIntervalMs = RELOAD_INTERVAL_MS } = this.#options
    if (reloadIntervalMs === 0) return
    this.#timer = setInterval(() => this.#reload(server), reloadIntervalMs)
    this.#timer.unref()
  }

  close(): void {
    clearInterval(this.#timer)
  }

  #reload(server: Server): void {
    try {
      const stamp = this.#readStamp()
      if (stamp === this.#stamp) return
      this.#current = this.#read()
      this.#stamp = stamp
      server.setSecureContext(this.#current)
      this.#logger.info('certificates were read anew', { files: this.#paths })
    } catch (error) {
      // Files are replaced one after the other; the next look finds all of them.
      this.#logger.warn('changed certificates cannot be used; the earlier ones stay', {
        reason: (error as Error).message,
      })
    }
  }

  #readStamp(): string {
    return this.#paths
      .map((path) => {
        const { mtimeMs, size, ino } = statSync(path)
        return `${mtimeMs}/${size}/${ino}`
      })
      .join(' ')
  }

  #read(): SecureContextOptions {
    const { certificateFile, keyFile, authoritiesFile } = this.#options
    const read: SecureContextOptions = {
      cert: readFileSync(certificateFile),
      key: readFileSync(keyFile),
      ...(authoritiesFile === undefined ? {} : { ca: readFileSync(authoritiesFile) }),
      minVersion: 'TLSv1.2',
    }
    // Throws for a key that is not the certificate's.
    createSecureContext(read)
    return read
  }
}
