/** `braidlog schema diff`: what has changed between two versions, part by part, and whom each change breaks. */
import type { SchemaChange } from '@braidlog/schema-registry/review'
import type { Cli } from '../command.ts'
import type { Result } from '../output.ts'
import { parsedSchema } from './parse.ts'
import { apiOf, getVersion, schemaBody, typeFlag, verb } from './schema-verb.ts'

export function diff(cli: Cli) {
  return verb('diff', 'what has changed between two versions, and whom it breaks')
    .argument('<subject>')
    .argument('<from>', 'a version')
    .argument('[to]', 'a version, or a file with --file', 'latest')
    .option('--file', 'compare with the schema of a file')
    .addOption(typeFlag())
    .action((subject, from, to, flags) =>
      cli.execute('schema diff', flags, async (context) => {
        const api = apiOf(context, flags)
        const old = await getVersion(api, subject, from)
        const current =
          flags.file === true
            ? { ...(await schemaBody(to, flags, context)), references: old.references }
            : await getVersion(api, subject, to)
        const { changesBetween } = await import('@braidlog/schema-registry/review')
        const changes = changesBetween(await parsedSchema(api, old), await parsedSchema(api, current))
        return resultOf(subject, changes)
      }),
    )
}

function resultOf(subject: string, changes: readonly SchemaChange[]): Result {
  const data = {
    subject,
    isBackwardCompatible: changes.every(({ backward }) => backward.length === 0),
    isForwardCompatible: changes.every(({ forward }) => forward.length === 0),
    changes,
  }
  if (changes.length === 0) return { data, text: 'no difference' }
  return {
    data,
    table: {
      columns: [
        { title: 'change' },
        { title: 'what' },
        { title: 'path' },
        { title: 'detail' },
        { title: 'backward' },
        { title: 'forward' },
        { title: 'why', wide: true },
      ],
      rows: changes.map((each) => [
        each.change,
        each.kind,
        each.path,
        detailOf(each),
        each.backward.length === 0 ? 'ok' : 'breaks',
        each.forward.length === 0 ? 'ok' : 'breaks',
        [...new Set([...each.backward, ...each.forward].map(({ type }) => type))].join(', '),
      ]),
    },
  }
}

/** What a person wants to see of it: of something new or gone, its type; else what it was and is. */
function detailOf({ change, attributes }: SchemaChange): string {
  if (change !== 'changed') {
    const shown = attributes.filter(({ attribute }) => /^(?:type|name|number|default|required)$/.test(attribute))
    return shown.map(({ attribute, from, to }) => `${attribute} ${from ?? to}`).join(', ')
  }
  return attributes.map(({ attribute, from, to }) => `${attribute} ${from ?? '-'} → ${to ?? '-'}`).join(', ')
}
