/** Replicas, stores and the bytes in them. */
import { type File, type Reason, spec } from './error-spec.ts'

export const storeErrors = {
  // replica: the second place of a vault
  'replica.none': spec<{ name: string }>({
    scope: 'agent',
    retry: false,
    exitCode: 4,
    words: (d) => `Vault "${d.name}" has no replica.`,
    advice: (d) => `Give it one with "tharsis vault set ${d.name} --replica-local DIR" (or --replica-s3 URL).`,
  }),
  'replica.other': spec<{ address: string }>({
    scope: 'agent',
    retry: false,
    exitCode: 2,
    words: (d) => `${d.address} holds something else than a replica of this vault; nothing was written there.`,
    advice: () => 'Give an empty or new folder or prefix, or the one that holds the replica of this vault.',
  }),
  'replica.exists': spec<{ name: string; address: string }>({
    scope: 'agent',
    retry: false,
    exitCode: 2,
    words: (d) => `Vault "${d.name}" has a replica already: ${d.address}.`,
    advice: () =>
      'Give --yes to put the new one in its place; what the old one holds stays there, and is kept up to date no more.',
  }),
  'replica.same': spec<{ address: string }>({
    scope: 'agent',
    retry: false,
    exitCode: 2,
    words: (d) => `${d.address} is the vault itself, by this name or another.`,
    advice: () => 'A second copy has to lie elsewhere: give another folder, disk or bucket.',
  }),
  'replica.diverged': spec<{ address: string; object: string }>({
    scope: 'job',
    retry: false,
    exitCode: 8,
    words: (d) =>
      `The replica ${d.address} and its vault hold different things under the name ${d.object}: somebody wrote to one of them as if it were the other.`,
    advice: () =>
      'Both stay as they are. Decide which of them goes on as the vault ("tharsis vault connect … --take-over"), and give that one a new, empty replica.',
  }),

  // store: what a vault's place answers (thrown by every object store, translated nowhere else)
  'store.not-found': spec<{ object: string }>({
    scope: 'job',
    retry: false,
    exitCode: 8,
    words: (d) => `The vault has no ${d.object}.`,
    advice: () => 'Run "tharsis vault verify NAME --read-data 100" to see what it means.',
  }),
  'store.wrong-size': spec<{ object: string; sizeBytes: number } & Reason>({
    scope: 'job',
    retry: false,
    exitCode: 8,
    words: (d) => `${d.object} in the vault has ${d.sizeBytes} bytes: ${d.reason}.`,
    advice: () => 'Run "tharsis vault verify NAME --read-data 100" to see what it means.',
  }),
  'store.conflict': spec<{ object: string }>({
    scope: 'job',
    retry: false,
    exitCode: 1,
    words: (d) => `${d.object} is in the vault already, with other content.`,
    advice: () => 'Another program writes to this vault; run this again.',
  }),
  'store.failed': spec<{ address: string } & Reason>({
    scope: 'job',
    retry: true,
    exitCode: 1,
    words: (d) => `The vault ${d.address} answered with an error: ${d.reason}.`,
    advice: () => 'Check the disk or the server and run this again.',
  }),
  'store.busy': spec<{ address: string; retryAfterMs?: number } & Reason>({
    scope: 'job',
    retry: true,
    exitCode: 6,
    words: (d) => `The vault ${d.address} is too busy to answer: ${d.reason}.`,
    advice: () => 'Run this again later. What was captured stays in the cache.',
  }),
  'store.interrupted': spec<{ address: string } & Reason>({
    scope: 'job',
    retry: true,
    exitCode: 6,
    words: (d) => `The connection to the vault ${d.address} broke: ${d.reason}.`,
    advice: () => 'Check the network and run this again; it goes on where it was.',
  }),
  'store.retained': spec<{ object: string; until: string }>({
    scope: 'job',
    retry: true,
    exitCode: 5,
    words: (d) => `${d.object} in the vault is locked until ${d.until} and cannot be deleted before.`,
    advice: () => 'Run this again after that time; until then it takes room and harms nothing.',
  }),

  // chunk files looked at by themselves
  'chunk.not-found': spec<File>({
    scope: 'agent',
    retry: false,
    exitCode: 4,
    words: (d) => `There is no file ${d.path}.`,
    advice: () => 'Chunk files lie in a vault under keyspaces/…/chunks/ and end in .tcf.',
  }),
  'chunk.unreadable': spec<File & Reason>({
    scope: 'agent',
    retry: false,
    exitCode: 1,
    words: (d) => `The file ${d.path} cannot be read: ${d.reason}.`,
    advice: () => 'Check its permissions and the health of its disk.',
  }),

  // format: bytes that are not what they claim to be
  'format.invalid': spec<{ what: string; offset: number } & Reason>({
    scope: 'job',
    retry: false,
    exitCode: 8,
    words: (d) => `${d.what} is damaged at offset ${d.offset}: ${d.reason}.`,
    // Without one of these objects nothing of the vault opens, so that `vault verify` cannot tell either.
    advice: (d) => {
      if (/^keyspaces\/[0-9a-f]+\/keys\//.test(d.what)) {
        return 'Give the other secret, the recovery code for the passphrase or the passphrase for the code. The machine that keeps the key writes a new key slot with "tharsis vault set-passphrase NAME", given no old passphrase, or "tharsis vault recovery-code NAME". Else use another copy of the vault.'
      }
      return /^vault\.json$|^keyspaces\/[0-9a-f]+\/keyspace$/.test(d.what)
        ? 'Use another copy of the vault, or put this object back from one; the data in the chunk files is still there.'
        : 'Run "tharsis vault verify NAME --read-data 100" to see which files are affected.'
    },
  }),
  'format.too-new': spec<{ what: string } & Reason>({
    scope: 'job',
    retry: false,
    exitCode: 1,
    words: (d) => `${d.what} was written by a newer Tharsis (${d.reason}).`,
    advice: () => 'Update Tharsis on this machine.',
  }),
} as const
