/** `braidlog schema lint`: findings about schemas that would register well and regret it later. */
import { resolve } from 'node:path'
import { styleText } from 'node:util'
import { Option } from '@commander-js/extra-typings'
import type { LintConfig, LintFinding } from '@braidlog/schema-registry/review'
import { collect, type Cli, type Context } from '../command.ts'
import { CliError } from '../exit.ts'
import type { Result } from '../output.ts'
import { parsedSchema } from './parse.ts'
import { apiOf, failWith, getVersion, readText, schemaBody, typeFlag, verb } from './schema-verb.ts'

interface LintFlags {
  readonly config?: string | undefined
  readonly rule?: readonly string[] | undefined
}

type Finding = LintFinding & { readonly schema: string }

export function lint(cli: Cli) {
  return verb('lint', 'findings about schemas: names, documentation, what keeps them from evolving')
    .argument('[files...]', 'schema files; of the registry with --subject')
    .option('-s, --subject <subject[:version]>', 'a version in the registry; may be repeated', collect)
    .addOption(typeFlag())
    .option('--config <file>', 'JSON: {"rules": {"<rule>": "error" | "warning" | "info" | "off"}}')
    .option('--rule <name=severity>', 'severity of one rule, or off; may be repeated', collect)
    .addOption(
      new Option('--fail-on <severity>', 'least severity for exit code 1')
        .choices(['error', 'warning', 'info'])
        .default('error'),
    )
    .option('--rules', 'list the rules')
    .action((files, flags) =>
      cli.execute('schema lint', flags, async (context) => {
        const { LINT_RULES, lintSchema, SEVERITIES } = await import('@braidlog/schema-registry/review')
        if (flags.rules === true) {
          const rules = Object.entries(LINT_RULES).map(([rule, { severity, doc }]) => ({ rule, severity, doc }))
          return {
            data: rules,
            table: {
              columns: [{ title: 'rule' }, { title: 'severity' }, { title: 'meaning' }],
              rows: rules.map(({ rule, severity, doc }) => [rule, severity, doc]),
            },
          }
        }
        const config = await configOf(flags, context)
        const api = apiOf(context, flags)
        const findings: Finding[] = []
        for (const file of files) {
          const schema = await parsedSchema(api, await schemaBody(file, flags, context))
          findings.push(...lintSchema(schema, config).map((finding) => ({ schema: file, ...finding })))
        }
        for (const text of flags.subject ?? []) {
          const [, subject, version = 'latest'] = /^(.+?)(?::(\d+|latest))?$/.exec(text)!
          const schema = await parsedSchema(api, await getVersion(api, subject!, version))
          findings.push(...lintSchema(schema, config).map((finding) => ({ schema: text, ...finding })))
        }
        if (files.length === 0 && flags.subject === undefined) {
          throw new CliError('nothing to look at: give files, or --subject')
        }
        const failing = SEVERITIES.slice(0, SEVERITIES.indexOf(flags.failOn as LintFinding['severity']) + 1)
        const count = findings.filter(({ severity }) => failing.includes(severity)).length
        const result = resultOf(findings, context)
        if (count === 0) return result
        const message = `${count} finding${count === 1 ? '' : 's'} of severity ${failing.join(' or ')}`
        return await failWith('schema lint', result, context, { code: 'LINT_FINDINGS', message })
      }),
    )
}

const COLORS = { error: 'red', warning: 'yellow', info: 'cyan' } as const

function resultOf(findings: readonly Finding[], { terminal }: Context): Result {
  if (findings.length === 0) return { data: [], text: 'no findings' }
  const lines = findings.map(({ schema, severity, rule, path, message }) => {
    const shown = terminal.color ? styleText(COLORS[severity], severity, { validateStream: false }) : severity
    return `${schema}: ${shown}: ${path}: ${message} (${rule})`
  })
  return {
    data: findings,
    text: lines.join('\n'),
    table: {
      columns: [{ title: 'schema' }, { title: 'severity' }, { title: 'rule' }, { title: 'path' }, { title: 'message' }],
      rows: findings.map(({ schema, severity, rule, path, message }) => [schema, severity, rule, path, message]),
    },
  }
}

/** The file, and over it the flags. @throws CliError for rules and severities that do not exist */
async function configOf(flags: LintFlags, { io }: Context): Promise<LintConfig> {
  const { LINT_RULES, SEVERITIES } = await import('@braidlog/schema-registry/review')
  const config: Record<string, string> = {}
  if (flags.config !== undefined) {
    let parsed: unknown
    try {
      parsed = JSON.parse(readText(resolve(io.cwd, flags.config)))
    } catch (error) {
      if (error instanceof CliError) throw error
      throw new CliError(`${flags.config} is not JSON: ${(error as Error).message}`)
    }
    const { rules } = (parsed ?? {}) as { rules?: unknown }
    if (rules === null || typeof rules !== 'object') throw new CliError(`${flags.config} has no object "rules"`)
    Object.assign(config, rules)
  }
  for (const text of flags.rule ?? []) {
    const at = text.indexOf('=')
    if (at < 0) throw new CliError(`--rule takes name=severity, got '${text}'`)
    config[text.slice(0, at)] = text.slice(at + 1)
  }
  for (const [rule, severity] of Object.entries(config)) {
    if (!(rule in LINT_RULES)) {
      throw new CliError(`there is no rule ${rule}`, { hint: '`braidlog schema lint --rules` lists them' })
    }
    if (![...SEVERITIES, 'off'].includes(severity)) {
      throw new CliError(`the severity of ${rule} is error, warning, info or off, not '${severity}'`)
    }
  }
  return config as LintConfig
}
