/** What a run needs from the machine, asked before it begins. */
import { existsSync, statfsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { isInstalled } from '../support/needs.ts'
import type { Peer } from './peer.ts'

const gigabyte = 1e9
const timeProgram = '/usr/bin/time'

/** One line for each thing that is missing, with advice. */
export function missingRequirements(run: {
  readonly peers: readonly Peer[]
  readonly neededBytes: number
  readonly freeBytes: number
  readonly folder: string
  readonly dropsCaches: boolean
  readonly isRoot?: boolean
  readonly isThere?: (program: string) => boolean
}): string[] {
  const { isThere = isRunnable, isRoot = process.getuid?.() === 0 } = run
  const missing: string[] = []
  if (!isThere(timeProgram)) missing.push(`${timeProgram} is missing: apt-get install time`)
  for (const { name, version } of run.peers) {
    const program = version[0] ?? name
    if (!isThere(program)) {
      const advice = `install it, leave it out of --peers, or name another one with ${name.toUpperCase()}_BIN`
      missing.push(`${name} cannot be run, ${program} is missing: ${advice}`)
    }
  }
  if (run.freeBytes < run.neededBytes) {
    missing.push(
      `${run.folder} has ${inGigabytes(run.freeBytes)} free and up to ${inGigabytes(run.neededBytes)} may be needed: ` +
        'make room, take fewer --corpora or --rounds, or another --work and --data',
    )
  }
  if (run.dropsCaches && !isRoot) missing.push('--scale empties the page cache once, which only root may do')
  return missing
}

/** Bytes free where `folder` is, or will be. */
export function freeBytes(folder: string): number {
  let path = resolve(folder)
  while (!existsSync(path)) path = dirname(path)
  const { bavail, bsize } = statfsSync(path)
  return bavail * bsize
}

function isRunnable(program: string): boolean {
  return program.includes('/') ? existsSync(program) : isInstalled(program)
}

function inGigabytes(sizeBytes: number): string {
  return `${(sizeBytes / gigabyte).toFixed(1)} GB`
}
