/**
 * Tharsis as a peer of the side-by-side benchmark: one command line for each thing that the runner times.
 * The runner's own peers (restic, Borg) have the same shape.
 */
import { fileURLToPath } from 'node:url'

const program = fileURLToPath(new URL('../../agent-core/cli/tharsis.mjs', import.meta.url))
const node = fileURLToPath(new URL('../../node_modules/.bin/node', import.meta.url))
const tharsis = (...words) => [node, program, ...words]
const data = process.env.THARSIS_BENCH_DATA ?? '/var/tmp/tharsis-bench/corpora'
const compression = process.env.THARSIS_BENCH_COMPRESSION

/** Runs several command lines in turn, each argument passed on as it is. */
const inTurn = (...commands) => [
  'sh',
  '-ec',
  commands.map((words) => words.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ')).join('\n'),
]

export default {
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
  backup: () => tharsis('backup-now', 'data', '--quiet'),
  list: () => tharsis('point', 'files', 'data', 'latest'),
  restore: (_context, _source, target) => tharsis('restore', 'files', 'data', 'latest', '--to', target, '--quiet'),
  restored: (_source, target) => target,
  restoreOne: (_context, _source, file, target) =>
    tharsis('restore', 'files', 'data', 'latest', file, '--to', target, '--quiet'),
  check: () => tharsis('vault', 'verify', 'vault', '--read-data', '100', '--quiet'),
  // There is no pruning yet: the step measures nothing.
  prune: () => ['true'],
}
