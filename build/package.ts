/**
 * The first half of `npm run package [-- electron-builder arguments]`, which makes an installable desktop app for this
 * platform; electron-builder packs what this lays out (electron-builder.yml).
 *
 *   1. builds pages and shell
 *   2. lays out dist/agent: agent-core without tests, its production packages, and the Node that this runs on
 */
import { spawnSync } from 'node:child_process'
import { chmodSync, copyFileSync, cpSync, mkdirSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'

const projectFolder = join(import.meta.dirname, '..')
const agentFolder = join(projectFolder, 'dist', 'agent')
const filesFolder = join(agentFolder, 'files')

run('npm', ['run', 'build:renderer'], projectFolder)
run('npm', ['run', 'build:shell'], projectFolder)

rmSync(agentFolder, { recursive: true, force: true })
mkdirSync(filesFolder, { recursive: true })
for (const name of ['package.json', 'package-lock.json', '.npmrc', 'LICENSE']) {
  copyFileSync(join(projectFolder, name), join(filesFolder, name))
}
cpSync(join(projectFolder, 'agent-core'), join(filesFolder, 'agent-core'), {
  recursive: true,
  filter: (path) => !/\.(test|suite)\.ts$/.test(path),
})
run('npm', ['ci', '--omit=dev', '--omit=optional', '--ignore-scripts'], filesFolder)

const nodeFolder = join(agentFolder, 'node')
mkdirSync(nodeFolder)
const node = join(nodeFolder, basename(process.execPath))
copyFileSync(process.execPath, node)
chmodSync(node, 0o755)

function run(command: string, parameters: readonly string[], cwd: string): void {
  const { status, error } = spawnSync(command, parameters, { cwd, stdio: ['ignore', 'inherit', 'inherit'] })
  if (error !== undefined) throw error
  if (status !== 0) process.exit(status ?? 1)
}
