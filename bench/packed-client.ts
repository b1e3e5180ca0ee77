/**
 * Our client and testkit as `npm run pack` makes them for npm, installed in a directory of their own, with copies of the programs that
 * measure how they start.
 */
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { join } from 'node:path'
import { installPacked } from '../tools/pack.ts'

export const lifetimeProgram = 'client-lifetime-process.ts'
export const embeddedProgram = 'embedded-process.ts'

/** @returns the program there */
export async function installPackedClient(home: string): Promise<string> {
  await installPacked(['client'], home)
  writeFileSync(join(home, 'package.json'), '{ "type": "module" }\n')
  mkdirSync(join(home, 'clients'))
  for (const file of [lifetimeProgram, 'clients/client.ts', 'clients/braidlog.ts']) {
    copyFileSync(join(import.meta.dirname, file), join(home, file))
  }
  return join(home, lifetimeProgram)
}

/** @returns the program of the `embedded` scenario there */
export async function installPackedTestkit(home: string): Promise<string> {
  await installPacked(['testkit'], home)
  writeFileSync(join(home, 'package.json'), '{ "type": "module" }\n')
  const program = join(home, embeddedProgram.replace(/ts$/, 'js'))
  // Node.js would compile the WebAssembly that strips types beside what is measured.
  writeFileSync(program, stripTypeScriptTypes(readFileSync(join(import.meta.dirname, embeddedProgram), 'utf8')))
  return program
}

/** Where the packed testkit keeps what was compiled, unless Node.js has a compile cache. */
export const codeCacheOf = (home: string): string => join(home, 'node_modules', '.cache')
