/** Rules that need no more than the text of a file, and that the linter has no words for. */

import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const projectFolder = join(import.meta.dirname, '..', '..')

type TextRule = {
  readonly name: string
  readonly pattern: RegExp
  readonly appliesTo: (path: string) => boolean
  /** Lines that break the rule and lines that do not, so that the pattern itself is tested. */
  readonly broken: readonly string[]
  readonly kept: readonly string[]
}

const rules: readonly TextRule[] = [
  {
    name: 'the time comes from a Clock, outside of agent-core/base',
    pattern: /\bnew Date\(\s*\)|\bsetImmediate\(/,
    appliesTo: (path) => isProduct(path) && !path.startsWith('agent-core/base/'),
    broken: ['const now = new Date()', 'setImmediate(next)'],
    kept: ['const at = new Date(point.timeMs)'],
  },
  {
    name: 'a rule is switched off on one line only, with its reason',
    pattern: /(oxlint|eslint)-disable(?!-(next-)?line \S+ -- \S)|biome-ignore|@ts-(ignore|nocheck)/,
    appliesTo: (path) => path !== 'test/arch/source-text.test.ts',
    broken: ['/* oxlint-disable */', '// oxlint-disable-next-line no-console', '// @ts-ignore'],
    kept: ['// oxlint-disable-next-line no-control-regex -- control characters are what it looks for'],
  },
]

test.each(rules)('$name', ({ pattern, appliesTo, broken, kept }) => {
  expect(broken.filter((line) => !pattern.test(line))).toEqual([])
  expect(kept.filter((line) => pattern.test(line))).toEqual([])
  const findings = sourceFiles()
    .filter(appliesTo)
    .flatMap((path) => linesOf(path).flatMap((line, index) => (pattern.test(line) ? [`${path}:${index + 1}`] : [])))
  expect(findings).toEqual([])
})

test('the source files are found', () => {
  expect(sourceFiles().length).toBeGreaterThan(10)
})

function sourceFiles(): string[] {
  return globSync('{agent-core,build,main,renderer,test}/**/*.{ts,tsx,mjs}', { cwd: projectFolder })
}

function isProduct(path: string): boolean {
  return /^(agent-core|main|renderer)\//.test(path) && !/\.(test|suite)\.ts$/.test(path)
}

function linesOf(path: string): string[] {
  return readFileSync(join(projectFolder, path), 'utf8').split('\n')
}
