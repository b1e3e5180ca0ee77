/**
 * Our client as `npm run pack` makes it for npm, installed in a directory of its own, with a copy of the program that measures how clients
 * start.
 */
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { installPacked } from '../tools/pack.ts'

export const lifetimeProgram = 'client-lifetime-process.ts'

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
