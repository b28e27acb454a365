/**
 * The side-by-side harness, which is no part of this repository: a generator of corpora and a runner that lets programs
 * take turns on the same bytes. Found, asked for its adapters, and run as a process of its own.
 */
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'
import type { Peer } from './peer.ts'
import type { Compression } from './targets.ts'

export interface Harness {
  readonly folder: string
  readonly generator: string
  readonly runner: string
}

/** The harness at `given`, or beside the project; what to do about it where it is not there. */
export function findHarness(given: string | undefined, projectFolder: string): Harness | string {
  const folder = resolve(given ?? join(projectFolder, '..', 'shared', 'bench'))
  const [generator, runner] = [join(folder, 'gen-corpus.mjs'), join(folder, 'bench.mjs')]
  const missing = [generator, runner].filter((path) => !existsSync(path))
  if (missing.length === 0) return { folder, generator, runner }
  return `The harness is not there: ${missing.join(' and ')} cannot be found. Say where it is with --harness DIR.`
}

/** A program that takes part, and the adapter through which the runner knows it. */
export interface Participant {
  readonly peer: Peer
  /** A module that the runner imports. */
  readonly adapter: string
}

/** The adapters of the peers (by name or path), then Tharsis once for each compression; each one warmed. */
export async function prepareParticipants(
  harness: Harness,
  run: { readonly peers: readonly string[]; readonly compressions: readonly Compression[]; readonly folder: string },
): Promise<Participant[]> {
  mkdirSync(run.folder, { recursive: true })
  const ours = JSON.stringify(pathToFileURL(join(import.meta.dirname, 'tharsis-peer.mjs')).href)
  const sources = [
    ...run.compressions.map((compression) => ({
      name: `tharsis-${compression}`,
      source: `import { tharsisPeer } from ${ours}\nconst peer = tharsisPeer('${compression}')`,
    })),
    ...run.peers.map((peer) => {
      const path = peer.includes('/') ? resolve(peer) : join(harness.folder, 'peers', `${peer}.mjs`)
      if (!existsSync(path)) throw new Error(`There is no adapter for ${peer}: ${path} cannot be found.`)
      const name = peer.replaceAll(/[^\w-]+/g, '-')
      return { name, source: `import peer from ${JSON.stringify(pathToFileURL(path).href)}` }
    }),
  ]
  const warmed = JSON.stringify(pathToFileURL(join(import.meta.dirname, 'warmed-peer.ts')).href)
  const participants: Participant[] = []
  for (const { name, source } of sources) {
    const adapter = join(run.folder, `${name}.mjs`)
    writeFileSync(
      adapter,
      `import { warmedPeer } from ${warmed}\n${source}\n\nexport { warmed as default }\nconst warmed = warmedPeer(peer)\n`,
    )
    const module = (await import(pathToFileURL(adapter).href)) as { readonly default: Peer }
    participants.push({ peer: module.default, adapter })
  }
  return participants
}

/**
 * Runs the runner and hands on what it says, line by line; resolves to its exit status. Its rows are appended to the
 * file that `words` name.
 */
export async function runRunner(
  harness: Harness,
  words: readonly string[],
  data: string,
  onLine: (line: string) => void,
): Promise<number> {
  const child = spawn(process.execPath, [harness.runner, ...words], {
    env: { ...process.env, THARSIS_BENCH_DATA: data },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = new Promise<number>((done, fail) => {
    child.once('error', fail)
    child.once('close', (status) => done(status ?? 1))
  })
  createInterface({ input: child.stdout }).on('line', onLine)
  return ended
}
