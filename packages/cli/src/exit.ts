/**
 * How a command ends: exit codes, and the classification of every error into one of them.
 *
 * 0 done · 1 the broker refused or a check failed · 2 wrong usage · 3 no connection · 4 not authorised · 124 timed out ·
 * 130 interrupted.
 */

export const ExitCode = {
  Done: 0,
  Failed: 1,
  Usage: 2,
  NoConnection: 3,
  NotAuthorised: 4,
  TimedOut: 124,
  Interrupted: 130,
} as const
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode]

/** An error of the command line itself. */
export class CliError extends Error {
  override readonly name = 'CliError'
  readonly exitCode: ExitCode
  readonly code: string
  /** What to do next, a sentence or a command. */
  readonly hint: string | undefined
  /** The command has printed its result already, which says it all to a program; only a person is told once more. */
  readonly reported: boolean

  constructor(
    message: string,
    options: { exitCode?: ExitCode; code?: string; hint?: string; reported?: boolean } = {},
  ) {
    super(message)
    this.exitCode = options.exitCode ?? ExitCode.Usage
    this.code = options.code ?? 'USAGE'
    this.hint = options.hint
    this.reported = options.reported ?? false
  }
}

/** An error as every output format shows it. */
export interface ErrorReport {
  readonly exitCode: ExitCode
  readonly code: string
  readonly message: string
  readonly hint?: string
  readonly retriable?: boolean
  readonly details?: readonly { readonly item: string; readonly code: string; readonly message: string }[]
}

const NOT_AUTHORISED = /_AUTHORIZATION_FAILED$|^SASL_AUTHENTICATION_FAILED$/

/** Turns whatever was thrown into what is printed. Errors of the client are recognised by shape, without loading it. */
export function reportOf(error: unknown, interrupted: boolean): ErrorReport {
  if (interrupted) return { exitCode: ExitCode.Interrupted, code: 'INTERRUPTED', message: 'interrupted' }
  if (error instanceof CliError) {
    return {
      exitCode: error.exitCode,
      code: error.code,
      message: error.message,
      ...(error.hint === undefined ? {} : { hint: error.hint }),
    }
  }
  if (!(error instanceof Error)) return { exitCode: ExitCode.Failed, code: 'UNEXPECTED', message: String(error) }
  const code = 'code' in error && typeof error.code === 'string' ? error.code : 'UNEXPECTED'
  if (error.name !== 'KafkaError') {
    // A bug shows its stack; an error with a code (file system, server) explains itself.
    const known = code !== 'UNEXPECTED'
    return { exitCode: ExitCode.Failed, code, message: known ? error.message : (error.stack ?? error.message) }
  }
  const details = failuresOf(error)
  return {
    exitCode: exitCodeOf(code),
    code,
    message: error.message,
    ...hintOf(code),
    ...('retriable' in error ? { retriable: error.retriable === true } : {}),
    ...(details.length > 1 ? { details } : {}),
  }
}

function exitCodeOf(code: string): ExitCode {
  if (code === 'CONNECTION_FAILED') return ExitCode.NoConnection
  if (code === 'TIMED_OUT') return ExitCode.TimedOut
  if (code === 'INVALID_OPTION' || code === 'UNSUPPORTED_OPTION') return ExitCode.Usage
  return NOT_AUTHORISED.test(code) ? ExitCode.NotAuthorised : ExitCode.Failed
}

function failuresOf(error: Error): { item: string; code: string; message: string }[] {
  if (!('details' in error) || !Array.isArray(error.details)) return []
  const details = error.details as { item: string; error: { code: string; message: string } | null }[]
  return details.flatMap(({ item, error }) =>
    error === null ? [] : [{ item, code: error.code, message: error.message }],
  )
}

function hintOf(code: string): { hint: string } | object {
  if (code === 'CONNECTION_FAILED') return { hint: '`braidlog doctor` looks closer' }
  if (/^[A-Z][A-Z_]+$/.test(code) && !/^(TIMED_OUT|ABORTED|CLOSED|PARTIAL_FAILURE|INVALID_OPTION)$/.test(code)) {
    return { hint: `\`braidlog explain ${code}\` says more` }
  }
  return {}
}
