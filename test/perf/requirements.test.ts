import { expect, test } from 'vitest'
import type { Peer } from './peer.ts'
import { missingRequirements } from './requirements.ts'

const peer = { name: 'borg', version: ['/opt/borg', '--version'] } as unknown as Peer
const enough = { peers: [peer], neededBytes: 5, freeBytes: 5, folder: '/var/tmp', dropsCaches: true, isRoot: true }

test('nothing is missing where everything is there', () => {
  expect(missingRequirements({ ...enough, isThere: () => true })).toEqual([])
})

test('each missing thing is named with advice', () => {
  const missing = missingRequirements({ ...enough, neededBytes: 6e9, isRoot: false, isThere: () => false })
  expect(missing).toEqual([
    '/usr/bin/time is missing: apt-get install time',
    expect.stringMatching(/^borg cannot be run, \/opt\/borg is missing: .*BORG_BIN$/),
    expect.stringMatching(/^\/var\/tmp has 0\.0 GB free and up to 6\.0 GB may be needed: /),
    expect.stringContaining('--scale'),
  ])
})
