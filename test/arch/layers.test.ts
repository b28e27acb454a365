import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { cruiseModules } from './cruise-modules.ts'
import { layerRanks } from './layers.ts'

const projectFolder = join(import.meta.dirname, '..', '..')

/** Imports that break a rule, and the rule. The importing file is the first of each, the imported one is made too. */
const planted: readonly (readonly [from: string, to: string, rule: string])[] = [
  ['agent-core/base/clock.ts', 'agent-core/vault/object-store.ts', 'layer-base'],
  ['agent-core/vault/open-vault.ts', 'agent-core/cache/base-db.ts', 'layer-vault'],
  ['agent-core/api/verbs.ts', 'agent-core/agent.ts', 'layer-api'],
  ['agent-core/agent.ts', 'agent-core/main.ts', 'layer-agent'],
  ['agent-core/backup/run-backup.ts', 'agent-core/restore/run-restore.ts', 'layer-backup'],
  ['agent-core/platform/window.ts', 'electron', 'package-electron'],
  ['agent-core/backup/plan-backup.ts', 'better-sqlite3', 'package-better-sqlite3'],
  ['agent-core/vault/directory-store.ts', '@aws-sdk/client-s3', 'package-aws-sdk'],
  ['agent-core/base/task.ts', '@orpc/server', 'package-orpc'],
  ['agent-core/format/tree.ts', 'zod', 'package-zod'],
  ['agent-core/source/scan.ts', 'koffi', 'package-koffi'],
  ['agent-core/contract/verbs.ts', 'node:fs', 'contract-alone'],
  ['agent-core/codec/seal.ts', 'vitest', 'product-without-tests'],
  ['agent-core/codec/open.ts', 'test/support/rig.ts', 'product-without-tests'],
  ['agent-core/codec/block-id.test.ts', 'test/arch/layers.ts', 'test-support-only'],
  ['renderer/main.ts', 'agent-core/base/bytes.ts', 'client-renderer'],
  ['main/tray.ts', 'renderer/tree.ts', 'client-main'],
  ['agent-core/verify/check.ts', 'agent-core/verify/is-not-there', 'unresolvable'],
]

const allowed: readonly (readonly [from: string, to: string])[] = [
  ['agent-core/backup/run-backup.ts', 'agent-core/vault/object-store.ts'],
  ['agent-core/vault/open-vault.ts', 'agent-core/vault/object-store.ts'],
  ['agent-core/cache/base-db.ts', 'better-sqlite3'],
  ['agent-core/cache/base-db.test.ts', 'better-sqlite3'],
  ['agent-core/cache/chunk-writer.test.ts', 'vitest'],
  ['agent-core/cache/chunk-reader.test.ts', 'test/support/rig.ts'],
  ['agent-core/cli/tharsis.mjs', 'agent-core/agent.ts'],
  ['renderer/app.ts', 'agent-core/contract/verbs.ts'],
  ['test/faults/kill.test.ts', 'agent-core/agent.ts'],
]

describe('the layers', () => {
  test('every folder of agent-core has a rank', async () => {
    const entries = await readdir(join(projectFolder, 'agent-core'), { withFileTypes: true })
    const folders = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name)
    expect(folders.filter((folder) => !(folder in layerRanks))).toEqual([])
  })

  test.each(planted)('%s may not import %s (%s)', async (from, to, rule) => {
    const findings = await findingsIn([[from, to]])
    expect(findings.map(ruleOf)).toContain(rule)
  })

  test('what the table allows is not found fault with', async () => {
    expect(await findingsIn(allowed)).toEqual([])
  })

  test('modules in a ring are found', async () => {
    const ring = ['agent-core/base/a.ts', 'agent-core/base/b.ts'] as const
    const findings = await findingsIn([ring, [ring[1], ring[0]]])
    expect(findings.map(ruleOf)).toContain('no-cycle')
  })

  test('a second file of one folder that speaks SQL is found', async () => {
    const findings = await findingsIn([
      ['agent-core/state/state-db.ts', 'better-sqlite3'],
      ['agent-core/state/migrations.ts', 'better-sqlite3'],
    ])
    expect(findings.map(ruleOf)).toEqual(['one-file-better-sqlite3'])
  })

  test('a module in a folder without a rank is found', async () => {
    const findings = await findingsIn([['agent-core/helpers/a.ts', 'agent-core/base/b.ts']])
    expect(findings.map(ruleOf)).toContain('unranked')
  })
})

/** Makes a tree of modules with these imports and holds it against the rules. */
async function findingsIn(imports: readonly (readonly [from: string, to: string])[]): Promise<readonly string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'tharsis-layers-'))
  try {
    const texts = new Map<string, string>()
    for (const [from, to] of imports) {
      const isOwnModule = /^(agent-core|main|renderer|test)\//.test(to)
      const specifier = isOwnModule ? `${'../'.repeat(from.split('/').length - 1)}${to}` : to
      texts.set(from, `${texts.get(from) ?? ''}import '${specifier}'\n`)
      if (isOwnModule && to.endsWith('.ts') && !texts.has(to)) texts.set(to, 'export {}\n')
      if (!isOwnModule && !to.startsWith('node:')) {
        texts.set(`node_modules/${to}/package.json`, `{ "name": "${to}", "main": "index.js" }`)
        texts.set(`node_modules/${to}/index.js`, '')
      }
    }
    for (const [path, text] of texts) {
      await mkdir(dirname(join(folder, path)), { recursive: true })
      await writeFile(join(folder, path), text)
    }
    const { findings } = await cruiseModules(folder, await readdir(folder).then(withoutPackages))
    return findings
  } finally {
    await rm(folder, { recursive: true })
  }
}

function withoutPackages(names: readonly string[]): string[] {
  return names.filter((name) => name !== 'node_modules')
}

function ruleOf(finding: string): string {
  return finding.slice(0, finding.indexOf(':'))
}
