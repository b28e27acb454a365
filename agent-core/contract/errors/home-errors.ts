/** What can go wrong with a call and with the home folder. */
import { type Reason, spec } from './error-spec.ts'

export const homeErrors = {
  // usage: the words of the call are wrong; nothing was changed
  'usage.invalid': spec<{ problem: string; advice: string }>({
    scope: 'agent',
    retry: false,
    exitCode: 2,
    words: (d) => d.problem,
    advice: (d) => d.advice,
  }),
  'usage.interactive-needed': spec<{ what: string }>({
    scope: 'agent',
    retry: false,
    exitCode: 2,
    words: (d) => `No ${d.what} was given and there is no terminal to ask on.`,
    advice: (d) =>
      ({
        'new passphrase': 'Set THARSIS_NEW_PASSPHRASE or give --new-passphrase-file FILE.',
        'new PIN': 'Set THARSIS_NEW_PIN or give --new-pin-file FILE.',
        PIN: 'Set THARSIS_PIN or give --pin-file FILE.',
        confirmation: 'Give --yes when it is meant.',
      })[d.what] ?? 'Set THARSIS_PASSPHRASE or give --passphrase-file FILE.',
  }),

  // home: the agent's own folder
  'home.locked': spec<{ home: string; pid: number }>({
    scope: 'agent',
    retry: true,
    exitCode: 1,
    words: (d) => `Another Tharsis process (pid ${d.pid}) is writing to the home folder ${d.home}.`,
    advice: () =>
      'Wait until it has finished and run this again; reading verbs (list, files, restore, verify) need not wait.',
  }),
  'home.unusable': spec<{ home: string } & Reason>({
    scope: 'agent',
    retry: false,
    exitCode: 1,
    words: (d) => `The home folder ${d.home} cannot be used: ${d.reason}.`,
    advice: () => 'Give another folder with --home DIR or THARSIS_HOME, or mend its permissions.',
  }),
  'home.damaged': spec<{ path: string } & Reason>({
    scope: 'agent',
    retry: false,
    exitCode: 1,
    words: (d) => `What this home folder knows of its vaults and items, ${d.path}, is damaged: ${d.reason}.`,
    advice: (d) =>
      `Move it away, with ${d.path}-wal and ${d.path}-shm where they are there, and leave all else in its place. Then connect ` +
      'each vault again: "tharsis vault connect NAME --local DIR" (or --s3 URL) says which machine it is, and the same with ' +
      '--take-over MACHINE goes on as that machine, with its items and policies, and with points that wait in the cache. ' +
      'Settings, replicas and the PIN are to be given again.',
  }),
  'home.newer': spec<{ path: string; found: number; known: number }>({
    scope: 'agent',
    retry: false,
    exitCode: 1,
    words: (d) => `${d.path} was written by a newer Tharsis (schema ${d.found}, this one knows ${d.known}).`,
    advice: () => 'Update Tharsis on this machine.',
  }),
  'platform.unsupported': spec<{ platform: string }>({
    scope: 'agent',
    retry: false,
    exitCode: 1,
    words: (d) => `Tharsis does not run on this system (${d.platform}) yet.`,
    advice: () => 'Use it on 64-bit Linux (x64 or arm64).',
  }),
  'secrets.failed': spec<{ place: string } & Reason>({
    scope: 'agent',
    retry: true,
    exitCode: 7,
    words: (d) => `The secret store of this machine (${d.place}) cannot be used: ${d.reason}.`,
    advice: () =>
      'Unlock the keychain and run this again, or give the passphrase (THARSIS_PASSPHRASE or --passphrase-file).',
  }),
  'cache.full': spec<{ path: string }>({
    scope: 'job',
    retry: true,
    exitCode: 1,
    words: (d) => `The disk that holds the cache (${d.path}) is full.`,
    advice: () => 'Make room there and run the backup again; nothing that was captured before is lost.',
  }),
  'cache.budget-used': spec<{ budget: string } & Reason>({
    scope: 'job',
    retry: true,
    exitCode: 6,
    words: (d) =>
      `The budget of the cache (${d.budget}) is used up by data that the vault does not take: ${d.reason}. No point was made.`,
    advice: () =>
      'Make the vault reachable and run the backup again: it goes on with what was captured. Or give the cache more room with "tharsis settings set cache-budget SIZE".',
  }),
  'cache.failed': spec<{ path: string } & Reason>({
    scope: 'job',
    retry: false,
    exitCode: 1,
    words: (d) => `The cache ${d.path} cannot be used: ${d.reason}.`,
    advice: () => 'Check that disk; the cache can be deleted and is rebuilt from the vault.',
  }),
  'cache.damaged': spec<{ path: string } & Reason>({
    scope: 'job',
    retry: false,
    exitCode: 1,
    words: (d) => `The cache ${d.path} is damaged: ${d.reason}.`,
    advice: () => 'Run a backup, which sets that file aside, or delete it: it is rebuilt from the vault.',
  }),
} as const
