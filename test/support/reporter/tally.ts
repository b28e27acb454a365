import { missingToolPrefix } from '../needs.ts'

/** How one test ended. `not-run` is a test that a broken hook, file or worker kept from running. */
export type Outcome =
  | { readonly kind: 'passed'; readonly name: string }
  | { readonly kind: 'failed'; readonly name: string }
  | { readonly kind: 'not-run'; readonly name: string }
  | { readonly kind: 'skipped'; readonly name: string; readonly reason: string | undefined }

/** The result of a run. `passed` and `failed` are counts; skipped tests are in neither unless their skip is a failure. */
export type Tally = {
  readonly passed: number
  readonly failed: number
  /** One line for each skip and each failure that the test runner itself would not print. */
  readonly lines: readonly string[]
}

/**
 * Counts a run. A run without any test is a failure, as are a skip without a reason and, when `isCi`, a skip for a missing tool.
 * `brokenCount` counts what failed outside of any test: files that did not load, hooks, unhandled errors.
 */
export function tally(outcomes: readonly Outcome[], brokenCount: number, isCi: boolean): Tally {
  const lines: string[] = []
  let passed = 0
  let failed = brokenCount
  for (const outcome of outcomes) {
    if (outcome.kind === 'passed') passed += 1
    else if (outcome.kind === 'failed') failed += 1
    else if (outcome.kind === 'not-run') {
      failed += 1
      lines.push(`not run, counted as failed: ${outcome.name}`)
    } else if (outcome.reason === undefined) {
      failed += 1
      lines.push(`skipped without a reason, counted as failed: ${outcome.name}`)
    } else if (isCi && outcome.reason.startsWith(missingToolPrefix)) {
      failed += 1
      lines.push(`skipped in CI, counted as failed: ${outcome.name} (${outcome.reason})`)
    } else {
      lines.push(`skipped: ${outcome.name} (${outcome.reason})`)
    }
  }
  if (outcomes.length === 0 && brokenCount === 0) {
    failed = 1
    lines.push('no test ran, counted as failed')
  }
  return { passed, failed, lines }
}
