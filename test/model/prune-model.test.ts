/**
 * The protocol of docs/format/write-order.md between writers, pruners and a person who deletes: every interleaving, with a
 * crash anywhere, loses nothing; and with any one of its rules left out, something is lost.
 */
import { describe, expect, test } from 'vitest'
import { type Mutant, person, pruner, writer } from './actors.ts'
import { type Exploration, explore } from './explore.ts'
import { type VaultModel, vaultWith, wrongWith } from './vault-model.ts'

const x = 1
const y = 2
const both = x | y

/** A vault with points that are still to be made. */
function withFuturePoints(vault: VaultModel, ...needs: readonly number[]): VaultModel {
  return {
    ...vault,
    points: [...vault.points, ...needs.map((blocks) => ({ needs: blocks, state: 'removed' as const }))],
  }
}

/** Every situation, whole or with one rule broken. */
const situations: Record<string, (breaks?: Mutant) => Exploration> = {
  'a person deletes, a writer needs the same block, two pruners': (breaks) =>
    explore(
      withFuturePoints(vaultWith([x], [x]), x),
      [person(0), writer('a', [1], breaks), pruner('1', { breaks }), pruner('2', { breaks })],
      wrongWith,
    ),
  'two copies, a writer, two pruners that keep different ones': (breaks) =>
    explore(
      withFuturePoints(vaultWith([x, x], [x]), x),
      [writer('a', [1], breaks), pruner('1', { breaks }), pruner('2', { breaks, keepsLast: true })],
      wrongWith,
    ),
  'two blocks: what is left of a chunk file is merged while a writer needs the rest': (breaks) =>
    explore(
      withFuturePoints(vaultWith([both], [x, y]), y),
      [person(1), writer('a', [2], breaks), pruner('1', { breaks })],
      wrongWith,
    ),
  'two pruners merge the same chunk file': (breaks) =>
    explore(
      vaultWith([both], [x, y]),
      [person(1), pruner('1', { breaks }), pruner('2', { breaks, keepsLast: true })],
      wrongWith,
    ),
  'a person undeletes while a pruner removes': (breaks) =>
    explore(
      withFuturePoints(vaultWith([both], [x, y]), y),
      [person(1, true, breaks), writer('a', [2], breaks), pruner('1', { breaks })],
      wrongWith,
    ),
  'an offline writer with two points, the second resting on the first': (breaks) =>
    explore(
      withFuturePoints(vaultWith([x], [x]), x, both),
      [person(0), writer('a', [1, 2], breaks), pruner('1', { breaks })],
      wrongWith,
    ),
  'compaction while a writer adds a segment and another pruner deletes': (breaks) =>
    explore(
      withFuturePoints(vaultWith([x, y], [x, y]), both),
      [person(1), writer('a', [2], breaks), pruner('1', { breaks, compacts: true }), pruner('2', { breaks })],
      wrongWith,
    ),
  'a pruner crashes and goes on later, while a writer works': (breaks) =>
    explore(
      withFuturePoints(vaultWith([both], [x, y]), y),
      [person(1), writer('a', [2], breaks), pruner('1', { breaks }), pruner('1', { breaks, resumes: 2 })],
      wrongWith,
    ),
}

test('nothing is lost, whatever comes between what, and whoever crashes', { timeout: 60_000 }, () => {
  let states = 0
  for (const [name, run] of Object.entries(situations)) {
    const { states: met, violation } = run()
    console.log(`${name}: ${met} states`)
    expect(violation, name).toBeUndefined()
    states += met
  }
  console.log(`${states} states in all`)
  expect(states).toBeGreaterThan(250_000)
})

const mutants: readonly (readonly [Mutant, situation: string])[] = [
  ['no provisional point', 'two blocks: what is left of a chunk file is merged while a writer needs the rest'],
  ['check before publishing', 'an offline writer with two points, the second resting on the first'],
  ['no second look of the pruner', 'two copies, a writer, two pruners that keep different ones'],
  ['no intent', 'a pruner crashes and goes on later, while a writer works'],
  [
    'writer reads the index before the intents',
    'two blocks: what is left of a chunk file is merged while a writer needs the rest',
  ],
  ['pruner reads the index before the intents', 'two copies, a writer, two pruners that keep different ones'],
  ['delete before the index is told', 'two pruners merge the same chunk file'],
  ['a condemned name is used again', 'two copies, a writer, two pruners that keep different ones'],
  ["another's intent is taken over", 'a person deletes, a writer needs the same block, two pruners'],
  ["another's intent is closed", 'two copies, a writer, two pruners that keep different ones'],
  [
    'what no segment names is not told to be gone',
    'an offline writer with two points, the second resting on the first',
  ],
  ['a segment brings back what is gone', 'an offline writer with two points, the second resting on the first'],
  ['compaction supersedes all that is there', 'compaction while a writer adds a segment and another pruner deletes'],
  [
    'superseded segments go before their repetition is there',
    'compaction while a writer adds a segment and another pruner deletes',
  ],
  ['undelete does not look at intents', 'a person undeletes while a pruner removes'],
  ['pruner does not look at points again before it removes them', 'a person undeletes while a pruner removes'],
  ['nothing is checked for a second point', 'an offline writer with two points, the second resting on the first'],
]

describe('each rule is needed', () => {
  test.each(mutants)('%s', (breaks, situation) => {
    const run = situations[situation] as (typeof situations)[string]
    expect(run(breaks).violation?.reason).toMatch(/was promised and is gone|lacks blocks|are not there/)
  })
})
