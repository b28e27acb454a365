/**
 * `npm run bench:micro -- [--rounds 7] [splitter hash seal look-up scan]`: what single steps cost, one table for each.
 * The data is made from fixed seeds. On a machine where others work too, the column by CPU time tells more.
 */
import { parseArgs } from 'node:util'
import { hashBench } from './micro/hash-bench.ts'
import { lookUpBench } from './micro/look-up-bench.ts'
import { type MicroBench, runMeasures } from './micro/run-measures.ts'
import { scanBench } from './micro/scan-bench.ts'
import { sealBench } from './micro/seal-bench.ts'
import { splitterBench } from './micro/splitter-bench.ts'

const benches: ReadonlyMap<string, MicroBench> = new Map<string, MicroBench>([
  ['splitter', splitterBench],
  ['hash', hashBench],
  ['seal', sealBench],
  ['look-up', lookUpBench],
  ['scan', scanBench],
])

process.exitCode = main()

function main(): number {
  const { values, positionals } = parseArgs({
    options: { rounds: { type: 'string', default: '7' } },
    allowPositionals: true,
  })
  const rounds = Number(values.rounds)
  const unknown = positionals.filter((name) => !benches.has(name))
  if (unknown.length > 0 || !Number.isSafeInteger(rounds) || rounds < 1) {
    process.stderr.write(`npm run bench:micro -- [--rounds 7] [${[...benches.keys()].join(' ')}]\n`)
    return 2
  }
  for (const [name, bench] of benches) {
    if (positionals.length > 0 && !positionals.includes(name)) continue
    process.stdout.write(`\n${name}, ${rounds} rounds\n${runMeasures(bench, rounds).join('\n')}\n`)
  }
  return 0
}
