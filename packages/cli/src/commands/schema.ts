/** `braidlog schema`: schemas in a registry. */
import { Command, Option } from '@commander-js/extra-typings'
import type { Cli } from '../command.ts'
import { subjectPath } from '../registry-api.ts'
import { check } from '../schema/check.ts'
import { diff } from '../schema/diff.ts'
import { lint } from '../schema/lint.ts'
import {
  apiOf,
  dataVerb,
  REFERENCE_FLAG,
  schemaBody,
  typeFlag,
  verb,
  type SchemaVersion,
} from '../schema/schema-verb.ts'
import { assertUnused, goingVersions, unused, usage } from '../schema/usage.ts'
import { codegen } from './schema-codegen.ts'

export function define(cli: Cli) {
  return new Command('schema')
    .description('register, read, check and delete schemas')
    .addCommand(list(cli))
    .addCommand(get(cli))
    .addCommand(create(cli))
    .addCommand(check(cli))
    .addCommand(diff(cli))
    .addCommand(remove(cli))
    .addCommand(references(cli))
    .addCommand(mode(cli))
    .addCommand(compatibility(cli))
    .addCommand(lint(cli))
    .addCommand(usage(cli))
    .addCommand(unused(cli))
    .addCommand(codegen(cli))
}

function list(cli: Cli) {
  return verb('list', 'newest version of every subject')
    .alias('ls')
    .argument('[prefix]', 'only subjects that begin with it')
    .option('-a, --all', 'every version, soft-deleted ones too')
    .action((prefix, flags) =>
      cli.execute('schema list', flags, async (context) => {
        const query = new URLSearchParams({
          ...(prefix === undefined ? {} : { subjectPrefix: prefix }),
          ...(flags.all === true ? { deleted: 'true' } : { latestOnly: 'true' }),
        })
        const data = await apiOf(context, flags).send<SchemaVersion[]>('GET', `/schemas?${query.toString()}`)
        return {
          data,
          table: {
            columns: [
              { title: 'subject' },
              { title: 'version', align: 'right' },
              { title: 'id', align: 'right' },
              { title: 'type' },
              { title: 'deleted', wide: flags.all !== true },
            ],
            rows: data.map((each) => [
              each.subject,
              each.version,
              each.id,
              each.schemaType ?? 'AVRO',
              each.deleted === true,
            ]),
          },
        }
      }),
    )
}

function get(cli: Cli) {
  return verb('get', 'a schema, by subject and version or by id')
    .argument('<subject-or-id>', 'a subject, or an id with --id')
    .argument('[version]', 'a number, or latest', 'latest')
    .option('--id', 'the first argument is an id')
    .option('-f, --format <format>', 'another rendering: resolved, serialized, ignore_extensions, no_meta')
    .action((name, version, flags) =>
      cli.execute('schema get', flags, async (context) => {
        const format = flags.format === undefined ? '' : `?format=${encodeURIComponent(flags.format)}`
        const path =
          flags.id === true
            ? `/schemas/ids/${encodeURIComponent(name)}`
            : `${subjectPath(name)}/versions/${encodeURIComponent(version)}`
        const data = await apiOf(context, flags).send<SchemaVersion>('GET', path + format)
        return { data, text: readable(data.schema) }
      }),
    )
}

/** JSON with its lines broken, as a person reads it; anything else as it is. */
function readable(schema: string): string {
  try {
    return JSON.stringify(JSON.parse(schema) as unknown, null, 2)
  } catch {
    return schema.trimEnd()
  }
}

function create(cli: Cli) {
  return verb('create', 'register a schema under a subject')
    .argument('<subject>')
    .argument('<file>', 'the schema; - reads it from stdin')
    .addOption(typeFlag())
    .option(...REFERENCE_FLAG)
    .option('--normalize', 'compare and store it in its normal form')
    .action((subject, file, flags) =>
      cli.execute('schema create', flags, async (context) => {
        const body = await schemaBody(file, flags, context)
        const path = `${subjectPath(subject)}/versions${flags.normalize === true ? '?normalize=true' : ''}`
        const data = await apiOf(context, flags).send<SchemaVersion>('POST', path, body)
        return { data, text: `${subject} version ${data.version ?? '?'} has id ${data.id}` }
      }),
    )
}

function remove(cli: Cli) {
  return dataVerb('delete', 'delete a subject or a version; softly unless --permanent')
    .alias('rm')
    .argument('<subject>')
    .argument('[version]', 'a number, or latest; the whole subject unless given')
    .option('--permanent', 'for good; it has to be deleted softly before, and no retained record may name it')
    .option('--force', 'also what retained records name')
    .option('-y, --yes', 'do not ask')
    .action((subject, version, flags) =>
      cli.execute('schema delete', flags, async (context) => {
        const what = version === undefined ? `subject ${subject}` : `version ${version} of ${subject}`
        const how = flags.permanent === true ? 'permanently' : 'softly'
        const api = apiOf(context, flags)
        const permanent = flags.permanent === true
        if (permanent && flags.force !== true) {
          await assertUnused(await goingVersions(api, subject, version), api, context)
        }
        await context.terminal.confirm(`Delete ${what} ${how}?`, flags.yes === true)
        const path = `${subjectPath(subject)}${version === undefined ? '' : `/versions/${version}`}`
        const query = permanent ? `?permanent=true${flags.force === true ? '&force=true' : ''}` : ''
        const deleted = await api.send<number | number[]>('DELETE', path + query)
        const versions = [deleted].flat()
        return {
          data: { subject, versions, permanent },
          text: `deleted ${versions.join(', ')}`,
        }
      }),
    )
}

function references(cli: Cli) {
  return verb('references', 'what a version refers to, and what refers to it')
    .argument('<subject>')
    .argument('[version]', 'a number, or latest', 'latest')
    .action((subject, version, flags) =>
      cli.execute('schema references', flags, async (context) => {
        const api = apiOf(context, flags)
        const path = `${subjectPath(subject)}/versions/${version}`
        const found = await api.send<SchemaVersion>('GET', path)
        const ids = await api.send<number[]>('GET', `${path}/referencedby`)
        const users = await Promise.all(
          ids.map(async (id) => ({
            id,
            versions: await api.send<{ subject: string; version: number }[]>('GET', `/schemas/ids/${id}/versions`),
          })),
        )
        const to = (found.references ?? []).map((each) => ['refers to', each.name, each.subject, each.version])
        const from = users.flatMap(({ id, versions }) =>
          versions.map((each) => ['is referred to by', `id ${id}`, each.subject, each.version]),
        )
        return {
          data: { subject, version: found.version, references: found.references ?? [], referencedBy: users },
          table: {
            columns: [
              { title: 'relation' },
              { title: 'name' },
              { title: 'subject' },
              { title: 'version', align: 'right' },
            ],
            rows: [...to, ...from],
          },
        }
      }),
    )
}

function mode(cli: Cli) {
  return verb('mode', 'show or set the mode of a subject, or of everything')
    .argument('[subject]')
    .addOption(new Option('--set <mode>', 'a mode for it').choices(['READWRITE', 'READONLY', 'IMPORT', 'FORWARD']))
    .option('--force', 'IMPORT even though there are schemas')
    .action((subject, flags) =>
      cli.execute('schema mode', flags, async (context) => {
        const api = apiOf(context, flags)
        const path = `/mode${subject === undefined ? '' : `/${encodeURIComponent(subject)}`}`
        const data =
          flags.set === undefined
            ? await api.send<{ mode: string }>('GET', `${path}?defaultToGlobal=true`)
            : await api.send<{ mode: string }>('PUT', `${path}?force=${flags.force === true}`, { mode: flags.set })
        return { data, text: data.mode }
      }),
    )
}

function compatibility(cli: Cli) {
  return verb('compatibility', 'show or set the compatibility level of a subject, or of everything')
    .argument('[subject]')
    .addOption(
      new Option('--set <level>', 'a level for it').choices([
        'NONE',
        ...['BACKWARD', 'FORWARD', 'FULL'].flatMap((level) => [level, `${level}_TRANSITIVE`]),
      ]),
    )
    .option('--reset', 'back to the inherited level')
    .action((subject, flags) =>
      cli.execute('schema compatibility', flags, async (context) => {
        const api = apiOf(context, flags)
        const path = `/config${subject === undefined ? '' : `/${encodeURIComponent(subject)}`}`
        if (flags.reset === true) await api.send('DELETE', path)
        if (flags.set !== undefined) await api.send('PUT', path, { compatibility: flags.set })
        const data = await api.send<{ compatibilityLevel: string }>('GET', `${path}?defaultToGlobal=true`)
        return { data, text: data.compatibilityLevel }
      }),
    )
}
