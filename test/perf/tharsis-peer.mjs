/**
 * Tharsis as a peer of the side-by-side benchmark: one command line for each thing that the runner times. The
 * runner's own peers (restic, Borg) have the same shape (peer.ts). The runner may run on an older Node: plain JavaScript.
 * It runs what `npm run build:agent` has made, as a package does.
 *
 * THARSIS_BENCH_DATA is the folder of the corpora, THARSIS_BENCH_COMPRESSION is lz4 or zstd (not set: the default).
 */
import { fileURLToPath } from 'node:url'

const program = fileURLToPath(new URL('../../dist/agent-core/tharsis.mjs', import.meta.url))
const node = fileURLToPath(new URL('../../node_modules/.bin/node', import.meta.url))

/** @type {(...words: string[]) => string[]} */
const tharsis = (...words) => [node, program, ...words]
const data = process.env.THARSIS_BENCH_DATA ?? '/var/tmp/tharsis-bench/corpora'

/**
 * Runs several command lines in turn, each argument passed on as it is.
 * @type {(...commands: string[][]) => string[]}
 */
const inTurn = (...commands) => [
  'sh',
  '-ec',
  commands.map((words) => words.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ')).join('\n'),
]

/**
 * @param {string | undefined} compression lz4 or zstd; undefined: Tharsis' own default
 * @returns {import('./peer.ts').Peer}
 */
export function tharsisPeer(compression) {
  return {
    name: compression === undefined ? 'tharsis' : `tharsis-${compression}`,
    version: tharsis('--version'),
    env: (context) => ({ THARSIS_HOME: context.state, THARSIS_PASSPHRASE: 'a passphrase for benchmarks' }),
    init: (context) =>
      inTurn(
        tharsis('vault', 'create', 'vault', '--local', `${context.repo}/vault`),
        tharsis(
          'item',
          'enable',
          'data',
          '--vault',
          'vault',
          ...(compression === undefined ? [] : ['--compression', compression]),
          '--no-default-excludes',
          `${data}/${context.corpus}`,
        ),
      ),
    backup: () => tharsis('backup-now', 'data', '--scheduled', '--quiet'),
    list: () => tharsis('point', 'files', 'data', 'latest'),
    restore: (_context, _source, target) => tharsis('restore', 'files', 'data', 'latest', '--to', target, '--quiet'),
    restored: (_source, target) => target,
    restoreOne: (_context, _source, file, target) =>
      tharsis('restore', 'files', 'data', 'latest', file, '--to', target, '--quiet'),
    check: () => tharsis('vault', 'verify', 'vault', '--read-data', '100', '--quiet'),
    // Points stay until policy and trash let them go, so this is a clean-up that looks at all of them and removes none.
    prune: () => tharsis('vault', 'prune', 'vault', '--grace', '0', '--yes', '--quiet'),
  }
}

export default tharsisPeer(process.env.THARSIS_BENCH_COMPRESSION)
