/** `doctor`: what of this machine and home folder is as Tharsis needs it; every check really tries. */
import { accessSync, constants, statSync } from 'node:fs'
import { AgentError } from '../base/agent-error.ts'
import { openBase } from '../cache/base-db.ts'
import { compress, decompress } from '../codec/compression.ts'
import { errorTable } from '../contract/errors.ts'
import { fileSystemId } from '../platform/file-system-id.ts'
import { listXattrs } from '../platform/posix.ts'
import { readFreeSpace } from '../vault/directory-probe.ts'
import type { DoctorDocument } from './agent-api.ts'
import type { AgentDeps } from './agent-deps.ts'
import { FoundDamage, healAdvice } from './found-damage.ts'
import { openKnownVault } from './open-vault.ts'

type Check = DoctorDocument['checks'][number]

export async function runDoctor(deps: AgentDeps): Promise<DoctorDocument> {
  const checks: Check[] = [
    attempt('home folder', () => checkHome(deps)),
    attempt('cache', () => checkBase(deps)),
    attempt('compression', checkCompression),
    attempt(
      'system calls',
      () => `extended attributes and file system ids work (${fileSystemId(deps.paths.root)})`,
      () => listXattrs(deps.paths.root),
    ),
    await attemptLater('free space for the cache', async () => {
      const { freeBytes } = await readFreeSpace(deps.paths.root)
      return `${Math.floor(freeBytes / 1024 ** 2)} MiB free`
    }),
    await checkSecrets(deps),
  ]
  for (const known of deps.state.vaults()) {
    checks.push(
      await attemptLater(`vault "${known.name}"`, async () => {
        const vault = await openKnownVault(deps, known)
        try {
          const { publish, remarks } = await vault.store.probe()
          return [`reachable, publishes by ${publish}`, ...remarks].join('; ')
        } finally {
          await vault.store.close()
        }
      }),
    )
  }
  for (const { vault, objects, foundAt } of new FoundDamage(deps.state.jobs).of(
    deps.state.vaults().map(({ name }) => name),
  )) {
    checks.push({
      name: `content of vault "${vault}"`,
      state: 'bad',
      detail: `damaged objects that points need: ${objects}, found at ${foundAt}`,
      exitCode: errorTable['vault.damaged'].exitCode,
      advice: healAdvice(vault),
    })
  }
  checks.push({
    name: 'snapshots',
    state: 'good',
    detail: 'none: live files are read, and those that change meanwhile are named',
  })
  return {
    product: deps.product,
    node: process.version,
    platform: deps.platform,
    home: deps.paths.root,
    checks,
  }
}

function checkHome(deps: AgentDeps): string {
  accessSync(deps.paths.root, constants.R_OK | constants.W_OK | constants.X_OK)
  const mode = statSync(deps.paths.root).mode & 0o077
  if (mode !== 0) throw new Error('other users of this machine can look into it; run: chmod 700')
  return 'writable, private'
}

function checkBase(deps: AgentDeps): string {
  using base = openBase(deps.paths.base, { readOnly: true })
  return `items with a captured point: ${base.latestPoints().length}, tree pages: ${base.pages.counts().held}`
}

function checkCompression(): string {
  const raw = Buffer.alloc(64 * 1024, 'doctor')
  for (const method of ['lz4', 'zstd'] as const) {
    const packed = compress(raw, method)
    const back = decompress(packed.bytes, packed.method, raw.length)
    if (Buffer.compare(back, raw) !== 0) throw new Error(`${method} does not give back what it was given`)
  }
  return 'lz4 and zstd work'
}

async function checkSecrets(deps: AgentDeps): Promise<Check> {
  const { kind, place, fallbackReason } = await deps.secrets()
  if (kind === 'keychain') return { name: 'keys', state: 'good', detail: `kept in ${place}` }
  const reason = fallbackReason === undefined ? '' : `; no keychain: ${fallbackReason}`
  return { name: 'keys', state: 'good', detail: `kept in ${place} (who can read it can read the backups)${reason}` }
}

function attempt(name: string, check: () => string, before: () => unknown = () => undefined): Check {
  try {
    before()
    return { name, state: 'good', detail: check() }
  } catch (error) {
    return failed(name, error)
  }
}

async function attemptLater(name: string, check: () => Promise<string>): Promise<Check> {
  try {
    return { name, state: 'good', detail: await check() }
  } catch (error) {
    return failed(name, error)
  }
}

function failed(name: string, error: unknown): Check {
  const detail = error instanceof Error ? error.message : String(error)
  return {
    name,
    state: 'bad',
    detail,
    ...(error instanceof AgentError && { advice: error.advice, exitCode: error.exitCode }),
  }
}
