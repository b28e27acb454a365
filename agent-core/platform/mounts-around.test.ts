import { expect, test } from 'vitest'
import { describeMounts, mountsAround } from './mounts-around.ts'

const mount = (id: number, mountPoint: string, type: string) => ({
  id,
  device: `8:${id}`,
  mountPoint,
  type,
  source: 'x',
})
const mounts = [
  mount(1, '/', 'ext4'),
  mount(2, '/home', 'btrfs'),
  mount(3, '/home/ann/share', 'nfs4'),
  mount(4, '/usb', 'vfat'),
]
const around = (folder: string, more = mounts) => describeMounts([Buffer.from(folder)], more)

test('the file system of a folder, and those mounted below it', () => {
  expect(around('/home/ann')).toMatchObject({ types: ['btrfs', 'nfs4'], below: ['/home/ann/share'] })
  expect(around('/home/anna')).toMatchObject({ types: ['btrfs'], below: [] })
  expect(around('/etc')).toMatchObject({ types: ['ext4'], below: [] })
})

test('of mounts at one place the last one counts', () => {
  expect(around('/usb', [...mounts, mount(5, '/usb', 'exfat')]).types).toEqual(['exfat'])
})

test('the signature changes with a mount at, above or below, and with no other', () => {
  const before = around('/home/ann').signature
  for (const place of ['/home/ann', '/home', '/home/ann/new']) {
    expect(around('/home/ann', [...mounts, mount(9, place, 'ext4')]).signature).not.toBe(before)
  }
  expect(around('/home/ann', [...mounts, mount(9, '/mnt', 'ext4')]).signature).toBe(before)
})

test('this machine has a root', () => {
  expect(mountsAround([Buffer.from('/')]).types.length).toBeGreaterThan(0)
})
