/** What an S3 server and the credentials for it were found to do: by trying, never by guessing from a name. */
export interface S3Abilities {
  /** A put that must not replace an object is refused when there is one (`If-None-Match: *`). */
  readonly conditionalPut: boolean
  /** SHA-256 checksums of objects and parts are taken and kept. */
  readonly checksums: boolean
  /** A body that is not what its hash says is refused. */
  readonly checksPayload: boolean
  /** The bucket keeps what was overwritten or deleted. */
  readonly versions: boolean
  /** Objects can be kept from deletion until a date. */
  readonly objectLock: boolean
  /** The credentials may delete. */
  readonly mayDelete: boolean
}

/** A key pair for an S3 server, of a session where it has a token. */
export interface S3Keys {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
}
