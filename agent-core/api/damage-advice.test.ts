import { describe, expect, test } from 'vitest'
import { damageAdvice } from './damage-advice.ts'

const root = `keyspaces/${'a'.repeat(32)}`
const slot = (kind: string) => `${root}/keys/0123456789abcdef-${kind}`
const context = { vault: 'v', isOwn: true, hasReplica: false, wasHealed: false }

const damaged = (object: string, files: readonly string[] = []) =>
  ({ object, offset: 0, reason: 'rotten', points: [], files, state: 'open' }) as const
const advice = (object: string, more: Partial<typeof context> = {}, files: readonly string[] = []) =>
  damageAdvice([damaged(object, files)], { ...context, ...more }).join(' ')

describe('a healing is advised only where it can mend something', () => {
  test.each([`${root}/index/000000000001`, `${root}/defs/000000000001`, `${root}/chunks/ab/${'ab'.repeat(32)}.tcf`])(
    '%s',
    (object) => {
      expect(advice(object)).toBe('Run "tharsis vault verify v --heal", which mends what it can.')
    },
  )

  test.each<[string, RegExp]>([
    [slot('passphrase'), /vault set-passphrase v/],
    [slot('recovery-code'), /vault recovery-code v/],
    [`${root}/keys`, /set-passphrase v.*recovery-code v/],
    [`${root}/keyspace`, /back from another copy.*second vault/],
    [`${root}/audit/000000000001`, /back from another copy of the vault/],
  ])('%s: from a replica alone', (object, words) => {
    expect(advice(object, { hasReplica: true })).toContain('--heal')
    for (const more of [{}, { wasHealed: true }, { wasHealed: true, hasReplica: true }]) {
      expect(advice(object, more)).toMatch(words)
      expect(advice(object, more)).not.toContain('--heal')
    }
  })

  test('what a healing has left', () => {
    expect(advice(`${root}/index/000000000001`, { wasHealed: true }, ['docs:/a'])).toBe(
      'Restore the affected files from another point or vault.',
    )
    expect(advice(`${root}/index/000000000001`, { wasHealed: true })).toContain('another copy of the vault')
  })

  test('several, each thing once; on another machine', () => {
    const objects = [slot('passphrase'), slot('passphrase'), `${root}/keyspace`, `${root}/index/000000000001`]
    const sentences = damageAdvice(
      objects.map((object) => damaged(object)),
      { ...context, isOwn: false },
    )
    expect(sentences).toHaveLength(4)
    expect(sentences[0]).toMatch(/^On the machine that writes there, run/)
    expect(damageAdvice([{ ...damaged('vault.json'), state: 'healed' }], context)).toEqual([])
  })
})
