/** What states, kinds and phases are called on the pages, and the tone that each has. */
import type {
  JobDocument,
  JobKind,
  JobState,
  JobTrigger,
  Phase,
  ProtectionState,
  Tier,
} from '../../agent-core/contract/index.ts'

/** `good` green, `busy` blue, `warning` amber, `bad` red, `quiet` grey. */
export type Tone = 'good' | 'busy' | 'warning' | 'bad' | 'quiet'

export const protectionWords: Readonly<Record<ProtectionState, { readonly words: string; readonly tone: Tone }>> = {
  protected: { words: 'Protected', tone: 'good' },
  warnings: { words: 'Protected, with warnings', tone: 'warning' },
  captured: { words: 'Not in a vault yet', tone: 'warning' },
  failed: { words: 'Last backup failed', tone: 'bad' },
  overdue: { words: 'Overdue', tone: 'bad' },
  never: { words: 'Not backed up yet', tone: 'warning' },
  unknown: { words: 'Not known', tone: 'quiet' },
}

export const jobStateWords: Readonly<Record<JobState, { readonly words: string; readonly tone: Tone }>> = {
  queued: { words: 'Queued', tone: 'busy' },
  waiting: { words: 'Waiting', tone: 'warning' },
  running: { words: 'Running', tone: 'busy' },
  paused: { words: 'Paused', tone: 'quiet' },
  interrupted: { words: 'Interrupted', tone: 'warning' },
  completed: { words: 'Completed', tone: 'good' },
  'completed with warnings': { words: 'Completed with warnings', tone: 'warning' },
  failed: { words: 'Failed', tone: 'bad' },
  cancelled: { words: 'Cancelled', tone: 'quiet' },
  skipped: { words: 'Skipped', tone: 'quiet' },
}

export const jobKindWords: Readonly<Record<JobKind, string>> = {
  backup: 'Backup',
  restore: 'Restore',
  verify: 'Verification',
  prune: 'Clean-up',
  merge: 'Merge',
  replicate: 'Replication',
  drill: 'Drill',
  'rebuild-cache': 'Cache rebuilt',
  'move-cache': 'Cache moved',
}

export const triggerWords: Readonly<Record<JobTrigger, string>> = {
  person: 'you asked',
  schedule: 'schedule',
  missed: 'missed run',
}

export const phaseWords: Readonly<Record<Phase, string>> = {
  snapshot: 'Snapshot',
  estimate: 'Estimate',
  capture: 'Capture',
  transfer: 'Transfer',
  verify: 'Verify',
  commit: 'Commit',
  merge: 'Merge',
  restore: 'Restore',
}

export const tierWords: Readonly<Record<Tier, string>> = {
  instant: 'on this computer',
  vault: 'in the vault',
}

/** What a job is about: `Backup of documents`. */
export function jobTitle({ kind, item, vault }: Pick<JobDocument, 'kind' | 'item' | 'vault'>): string {
  const about = item ?? vault
  return about === null ? jobKindWords[kind] : `${jobKindWords[kind]} of ${about}`
}

/** The phases that a job of a kind goes through, in order, as far as they are shown ahead. */
export function phasesOf(kind: JobKind): readonly Phase[] {
  switch (kind) {
    case 'backup':
      return ['estimate', 'capture', 'transfer', 'commit', 'merge']
    case 'restore':
    case 'drill':
      return ['restore']
    case 'verify':
      return ['verify']
    case 'prune':
    case 'merge':
      return ['merge']
    case 'replicate':
      return ['transfer']
    case 'move-cache':
    case 'rebuild-cache':
      return []
  }
}
