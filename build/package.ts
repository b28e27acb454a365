/**
 * The first half of `npm run package [-- electron-builder arguments]`, which makes an installable desktop app for this
 * platform; electron-builder packs what this lays out (electron-builder.yml).
 *
 *   1. builds agent, pages and shell
 *   2. lays out dist/agent/files as a checkout is: the agent, the pages, and of node_modules what the product runs on
 *      this platform. These are the packages that were tested; nothing is fetched.
 *   3. lays the Node that this runs on beside it, in dist/agent/node
 */
import { spawnSync } from 'node:child_process'
import { chmodSync, copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'

const projectFolder = join(import.meta.dirname, '..')
const agentFolder = join(projectFolder, 'dist', 'agent')
const filesFolder = join(agentFolder, 'files')

/** An entry of package-lock.json (npm's documentation of it: "packages"). */
interface LockedPackage {
  readonly dev?: true
  readonly devOptional?: true
  readonly optional?: true
}

/** Node comes as a package too (docs/adr/0001-shipped-binaries-and-own-node.md); the product has it once, beside the agent. */
const ownNode = /^node_modules\/node-(linux|win|darwin)-/
/** What only those need who compile a package or write code against it. */
const forDevelopers = /\/better-sqlite3\/(deps|src)(\/|$)|\/zod\/src(\/|$)|\.(map|d\.[cm]?ts|c|cc|cpp|h|hh|hpp|gypi?)$/
/** A binary for a platform, as better-sqlite3 names them. */
const binary = /(^|\/)(?<system>[a-z0-9]+)[-_](?<processor>[a-z0-9]+)\.node$/

for (const part of ['agent', 'renderer', 'shell']) run('npm', ['run', '--silent', `build:${part}`])
rmSync(agentFolder, { recursive: true, force: true })
layOutAgent()
layOutPackages()
layOutNode(join(agentFolder, 'node'))

function layOutAgent(): void {
  mkdirSync(filesFolder, { recursive: true })
  for (const name of ['package.json', 'LICENSE']) copyFileSync(join(projectFolder, name), join(filesFolder, name))
  for (const built of [join('dist', 'agent-core'), join('renderer', 'dist')]) {
    cpSync(join(projectFolder, built), join(filesFolder, built), { recursive: true })
  }
}

function layOutPackages(): void {
  const lock = readFileSync(join(projectFolder, 'package-lock.json'), 'utf8')
  const { packages } = JSON.parse(lock) as { packages: Readonly<Record<string, LockedPackage>> }
  for (const [path, { dev, devOptional, optional }] of Object.entries(packages)) {
    if (path === '' || dev || devOptional || ownNode.test(path)) continue
    const from = join(projectFolder, path)
    if (existsSync(from)) {
      // Packages within a package have entries of their own.
      const filter = (file: string): boolean =>
        !relative(from, file).startsWith('node_modules') && isRun(relative(projectFolder, file))
      cpSync(from, join(filesFolder, path), { recursive: true, filter })
    } else if (!optional) endWith(`${path} is not installed: run npm ci first`)
  }
}

/** Whether the product may come to run a file of a package on this platform. */
function isRun(path: string): boolean {
  const name = path.replaceAll('\\', '/')
  const { system, processor } = binary.exec(name)?.groups ?? {}
  const isForOthers = processor !== undefined && (system !== process.platform || processor !== process.arch)
  return !forDevelopers.test(name) && !isForOthers
}

function layOutNode(folder: string): void {
  mkdirSync(folder)
  const node = join(folder, basename(process.execPath))
  copyFileSync(process.execPath, node)
  chmodSync(node, 0o755)
  // In Node's own archives and packages it lies beside or above the binary.
  const beside = dirname(process.execPath)
  const licence = [join(beside, 'LICENSE'), join(beside, '..', 'LICENSE')].find((path) => existsSync(path))
  if (licence === undefined) endWith(`no licence was found with ${process.execPath}`)
  copyFileSync(licence, join(folder, 'LICENSE'))
}

function run(command: string, parameters: readonly string[]): void {
  const { status, error } = spawnSync(command, parameters, {
    cwd: projectFolder,
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  if (error !== undefined) throw error
  if (status !== 0) process.exit(status ?? 1)
}

function endWith(words: string): never {
  console.error(words)
  process.exit(1)
}
