/** What can go wrong between Braidlog and the operating system, in words that say what to do. */
import { StorageError } from '@braidlog/base'

/** A listener could not be opened. */
export class ListenError extends Error {
  override readonly name = 'ListenError'
  readonly retriable = false
  /** `EADDRINUSE`, `EACCES`, `EADDRNOTAVAIL`, … */
  readonly code: string
  readonly host: string
  readonly port: number

  constructor(code: string, host: string, port: number, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    this.host = host
    this.port = port
  }
}

const STORAGE_TEXT: Readonly<Record<string, string>> = {
  EACCES: 'permission denied; the user that runs Braidlog must own the directory or be allowed to write to it',
  EPERM: 'the operating system forbids it; check owner, mount options and immutable flags',
  EROFS: 'the file system is mounted read-only',
  ENOENT: 'no such file or directory',
  EEXIST: 'something of that name exists already',
  ENOTDIR: 'a part of the path is a file, not a directory',
  EISDIR: 'this is a directory, a file was expected',
  ENOSPC: 'no space left on the device; delete data, lower retention or enlarge the disk',
  EDQUOT: 'the disk quota of this user is used up',
  EMFILE: 'too many open files in this process; raise `ulimit -n` (LimitNOFILE in systemd)',
  ENFILE: 'too many open files on this machine; raise fs.file-max',
  EIO: 'the device reports an input/output error; check the disk before writing more',
  ENAMETOOLONG: 'the path is too long for this file system',
}

const LISTEN_TEXT: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the port is taken by another process; stop that one or choose another port',
  EACCES: 'no permission for this port; ports below 1024 need privileges',
  EADDRNOTAVAIL: 'this machine has no such address; check the host part of `listeners`',
  ENOTFOUND: 'the host name does not resolve; check the host part of `listeners`',
}

/** @returns the operating system's code of an error, or `UNKNOWN`. */
export function osErrorCode(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code
  return typeof code === 'string' ? code : 'UNKNOWN'
}

/** Turns whatever `node:fs` threw into a `StorageError`; errors that are one already pass through. */
export function storageError(operation: string, path: string, cause: unknown): StorageError {
  if (cause instanceof StorageError) return cause
  const code = osErrorCode(cause)
  const text = STORAGE_TEXT[code] ?? (cause instanceof Error ? cause.message : String(cause))
  return new StorageError(code, path, `cannot ${operation} ${path}: ${text} (${code})`, { cause })
}

export function listenError(host: string, port: number, cause: unknown): ListenError {
  const code = osErrorCode(cause)
  const text = LISTEN_TEXT[code] ?? (cause instanceof Error ? cause.message : String(cause))
  return new ListenError(code, host, port, `cannot listen on ${host}:${port}: ${text} (${code})`, { cause })
}
