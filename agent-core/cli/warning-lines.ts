import type { FileWarning } from '../contract/errors.ts'
import { countOf, formatCount } from './amounts.ts'
import type { Output } from './output.ts'

const shownPaths = 5

/** Says the warnings on standard error, those of one cause together, with their first paths and what to do. */
export function sayWarnings(output: Output, warnings: readonly FileWarning[]): void {
  if (warnings.length === 0) return
  if (output.json) {
    output.warning(`${countOf(warnings.length, 'file')} with warnings; the document lists them.`)
    return
  }
  for (const [code, group] of Map.groupBy(warnings, (warning) => warning.code)) {
    for (const [message, same] of Map.groupBy(group, (warning) => warning.message)) {
      output.warning(`${countOf(same.length, 'file')} (${code}): ${message}`)
      for (const { path } of same.slice(0, shownPaths)) output.problemDetail(path)
      if (same.length > shownPaths) output.problemDetail(`and ${formatCount(same.length - shownPaths)} more`)
      output.problemDetail(same[0]?.advice ?? '')
    }
  }
}
