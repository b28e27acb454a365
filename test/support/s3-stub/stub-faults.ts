/** Scripted faults: what goes wrong with the n-th request that fits. */

export type StubOperation =
  | 'PutObject'
  | 'CopyObject'
  | 'GetObject'
  | 'HeadObject'
  | 'DeleteObject'
  | 'ListObjectsV2'
  | 'ListObjectVersions'
  | 'HeadBucket'
  | 'GetBucketVersioning'
  | 'GetObjectLockConfiguration'
  | 'PutObjectRetention'
  | 'CreateMultipartUpload'
  | 'UploadPart'
  | 'CompleteMultipartUpload'
  | 'AbortMultipartUpload'
  | 'ListMultipartUploads'
  | 'ListParts'

export type StubFaultKind =
  /** An error instead of the effect. */
  | { readonly kind: 'status'; readonly status: number; readonly code: string; readonly retryAfterSeconds?: number }
  /** The connection is reset once so many bytes of the request's body have come. */
  | { readonly kind: 'reset'; readonly afterBytes: number }
  /** No answer ever comes. */
  | { readonly kind: 'stall' }
  /** Half of the answer's body comes, then nothing more. */
  | { readonly kind: 'stall-body' }
  /** The effect, but no answer. */
  | { readonly kind: 'lost-answer' }
  /** Half of the answer's body comes, then the connection ends. */
  | { readonly kind: 'short-body' }
  /** One bit of the answer's body is wrong. */
  | { readonly kind: 'wrong-body' }

export interface StubFault {
  readonly operation?: StubOperation
  readonly keyEnd?: string
  /** Strikes the n-th request that fits, from 1. */
  readonly call: number
  /** Every later one too. */
  readonly forEver?: boolean
  readonly fault: StubFaultKind
}

export interface FaultScript {
  /** The fault that strikes this request. */
  strike(operation: StubOperation, key: string): StubFaultKind | undefined
  /** Those that have not struck: a test that planned one and never met it proves nothing. */
  unreached(): readonly StubFault[]
  /** Resolves when every planned fault has struck. */
  readonly allStruck: Promise<void>
}

export function createFaultScript(faults: readonly StubFault[]): FaultScript {
  const armed = faults.map((planned) => ({ planned, seen: 0, struck: false }))
  const all = Promise.withResolvers<void>()
  return {
    allStruck: all.promise,
    strike: (operation, key) => {
      const due = armed.filter((one) => {
        const { planned } = one
        if ((planned.operation ?? operation) !== operation || !key.endsWith(planned.keyEnd ?? '')) return false
        one.seen++
        return planned.forEver === true ? one.seen >= planned.call : one.seen === planned.call
      })
      const [first] = due
      if (first === undefined) return undefined
      first.struck = true
      if (armed.every(({ struck }) => struck)) all.resolve()
      return first.planned.fault
    },
    unreached: () => armed.filter(({ struck }) => !struck).map(({ planned }) => planned),
  }
}
