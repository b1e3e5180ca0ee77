#!/usr/bin/env node
/**
 * What the shell runs. Plain JavaScript on purpose: the compile cache also keeps TypeScript with its types stripped, but
 * only of modules that are loaded after it was enabled. If the first file were TypeScript, Node would load its stripper
 * for that file alone, which costs 40 ms of CPU on every start.
 */
import { enableCompileCache } from 'node:module'

enableCompileCache()
await import('../src/main.ts')
