/**
 * Evaluates a script together with what V8 compiled of it in an earlier process.
 *
 * The compile cache of Node.js is written when a module has been loaded, so it lacks all functions that are compiled when
 * they are first called: nearly everything that a start runs. This cache is made when a process ends, and has them.
 *
 * It lies where Node.js keeps its own when that is turned on, else in `node_modules/.cache/braidlog`; where neither can be
 * written, or NODE_DISABLE_COMPILE_CACHE says so, there is none. V8 refuses a cache of another version or other flags by itself;
 * of the source it compares the length only, hence the checksum in the name.
 */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire, getCompileCacheDir } from 'node:module'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { cachedDataVersionTag } from 'node:v8'
import { constants, Script } from 'node:vm'
import { crc32 } from 'node:zlib'

/** Modules of Node.js that most processes never use, loaded when something of them is. */
const SELDOM = ['node:http']

/**
 * @param file a CommonJS module in ASCII
 * @returns what it exports, and `keep`: to be called once what is worth keeping runs
 */
export function evaluate(file) {
  const bytes = readFileSync(file)
  const cacheFile = cacheFileOf(file, crc32(bytes))
  const cachedData = cacheFile === undefined ? undefined : readIfThere(cacheFile)
  const script = new Script(`(function (exports, require, module, __filename, __dirname) {${bytes.latin1Slice()}\n})`, {
    filename: file,
    cachedData,
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  })
  const require = createRequire(file)
  const module = { exports: {} }
  const requireLazily = (id) => (SELDOM.includes(id) ? lazily(() => require(id)) : require(id))
  script.runInThisContext()(module.exports, requireLazily, module, file, dirname(file))
  let isKept = cacheFile === undefined || (cachedData !== undefined && script.cachedDataRejected !== true)
  return {
    exports: module.exports,
    keep() {
      if (isKept) return
      isKept = true
      process.once('exit', () => write(cacheFile, script.createCachedData()))
    },
  }
}

function lazily(load) {
  return new Proxy({}, { get: (_, name) => load()[name] })
}

function cacheFileOf(file, checksum) {
  if (process.env['NODE_DISABLE_COMPILE_CACHE'] === '1') return undefined
  const modules = /^.*[/\\]node_modules(?=[/\\])/.exec(file)?.[0]
  const directory = getCompileCacheDir() ?? (modules && join(modules, '.cache', 'braidlog'))
  if (directory === undefined) return undefined
  return join(directory, `braidlog-${checksum.toString(16)}-${cachedDataVersionTag().toString(16)}.bin`)
}

function readIfThere(file) {
  try {
    return readFileSync(file)
  } catch {
    return undefined
  }
}

/** Under another name first: other processes may be reading it. That it cannot be written costs time only. */
function write(file, bytes) {
  const temporary = `${file}.${process.pid}`
  try {
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(temporary, bytes)
    renameSync(temporary, file)
  } catch {
    rmSync(temporary, { force: true })
  }
}
