/**
 * THE error table: every error the agent can report, from which `docs/errors.md` is generated.
 * A code is `area.problem`. Scope says what fails with it: one file or item, the job, or the agent.
 * Browser-safe: it imports nothing from elsewhere.
 */
import type { ErrorSpec } from './errors/error-spec.ts'
import { homeErrors } from './errors/home-errors.ts'
import { itemErrors } from './errors/item-errors.ts'
import { jobErrors } from './errors/job-errors.ts'
import { pointErrors } from './errors/point-errors.ts'
import { storeErrors } from './errors/store-errors.ts'
import { vaultErrors } from './errors/vault-errors.ts'

export type { ErrorSpec } from './errors/error-spec.ts'

export const errorTable = {
  ...homeErrors,
  ...itemErrors,
  ...pointErrors,
  ...vaultErrors,
  ...storeErrors,
  ...jobErrors,
} as const

export type ErrorCode = keyof typeof errorTable
export type ErrorData<Code extends ErrorCode> = (typeof errorTable)[Code] extends ErrorSpec<infer Data> ? Data : never

/** A warning about one file, as jobs list it. `pathBytes` (base64) only where the path is not UTF-8. */
export interface FileWarning {
  readonly path: string
  readonly pathBytes?: string
  readonly code: ErrorCode
  readonly message: string
  readonly advice: string
}
