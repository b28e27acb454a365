/**
 * The reporter behind every tier: lists each skipped test with its reason and ends the output with
 * `N passed, N failed` alone on the last line, for machines that must see that tests really ran.
 * A file that failed to load, a failed hook and an unhandled error count as failed.
 */

import { writeSync } from 'node:fs'
import type { Reporter, TestCase, TestModule, TestSuite, Vitest } from 'vitest/node'
import { type Outcome, tally } from './tally.ts'

// Vitest loads a reporter given by path through its default export.
export default class TallyReporter implements Reporter {
  #isFiltered = false
  #lastLine: string | undefined

  onInit(vitest: Vitest): void {
    this.#isFiltered = vitest.config.testNamePattern !== undefined
    process.once('exit', () => {
      // Written at the very end, past everything the runner says while it shuts down.
      if (this.#lastLine !== undefined) writeSync(1, `${this.#lastLine}\n`)
    })
  }

  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const outcomes: Outcome[] = []
    let brokenCount = unhandledErrors.length
    for (const module of modules) {
      brokenCount += countBroken(module)
      for (const test of module.children.allTests()) {
        const outcome = outcomeOf(test)
        if (!(this.#isFiltered && outcome.kind === 'skipped')) outcomes.push(outcome)
      }
    }
    const isCi = process.env['CI'] === 'true'
    const { passed, failed, lines } = tally(outcomes, brokenCount, isCi)
    for (const line of lines) console.log(line)
    this.#lastLine = `${passed} passed, ${failed} failed`
    if (failed > 0) process.exitCode = 1
  }
}

/** Counts the file and its groups that broke outside of their tests. */
function countBroken(module: TestModule): number {
  const suites = [...module.children.allSuites()]
  return [module, ...suites].filter((suite) => suite.errors().length > 0).length
}

function outcomeOf(test: TestCase): Outcome {
  const name = `${test.module.relativeModuleId} > ${test.fullName}`
  const result = test.result()
  switch (result.state) {
    case 'passed':
      return { kind: 'passed', name }
    case 'failed':
      return { kind: 'failed', name }
    case 'skipped':
      if (hasBrokenParent(test)) return { kind: 'not-run', name }
      return { kind: 'skipped', name, reason: skipReason(test) }
    case 'pending':
      return { kind: 'not-run', name }
  }
}

function hasBrokenParent(test: TestCase): boolean {
  return parents(test).some((parent) => parent.errors().length > 0)
}

function skipReason(test: TestCase): string | undefined {
  const result = test.result()
  const note = result.state === 'skipped' ? result.note : undefined
  const reasons = [note, test.meta().skipReason, ...parents(test).map((parent) => parent.meta().skipReason)]
  return reasons.find((reason) => reason !== undefined && reason.trim() !== '')
}

function parents(test: TestCase): readonly (TestSuite | TestModule)[] {
  const found: (TestSuite | TestModule)[] = []
  let parent: TestSuite | TestModule = test.parent
  for (;;) {
    found.push(parent)
    if (parent.type === 'module') return found
    parent = parent.parent
  }
}
