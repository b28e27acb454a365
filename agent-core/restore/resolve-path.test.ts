import { describe, expect, test } from 'vitest'
import { type PlannedEntry, PointTree } from '../../test/support/point-tree.ts'
import { placeAtOrigin, placeInDirectory } from './destinations.ts'
import { resolvePaths } from './resolve-path.ts'

const folder = (name: string): PlannedEntry => ({
  name,
  type: 'directory',
  children: [
    { name: 'file', type: 'file', content: [Buffer.from(name)] },
    { name: Buffer.from('b\xffd', 'latin1'), type: 'file' },
    { name: 'sub', type: 'directory', children: [{ name: 'deep', type: 'file' }] },
    { name: 'link', type: 'symlink', linkTarget: 'sub' },
    { name: 'two\nlines', type: 'file' },
    { name: 'like\\none', type: 'file' },
  ],
})

async function resolve(root: 'one' | 'two', ...paths: (string | Buffer)[]): Promise<string[]> {
  const point = new PointTree()
  const ref = root === 'one' ? point.root({ '/home/u/docs': folder('docs') }) : point.root(two)
  const chosen = await resolvePaths(
    point.tree,
    ref,
    paths.map((path) => Buffer.from(path)),
    { item: 'docs', point: 'p1' },
  )
  return chosen.map(({ sourcePath }) => sourcePath.toString('latin1'))
}

const two = { '/home/u/docs': folder('docs'), '/srv/docs': folder('docs-2') }

describe('a point of one folder', () => {
  test('no path means the folder', async () => {
    expect(await resolve('one')).toEqual(['/home/u/docs'])
  })

  test.each([
    ['/home/u/docs', '/home/u/docs'],
    ['/home/u//docs/./', '/home/u/docs'],
    ['/home', '/home/u/docs'],
    ['.', '/home/u/docs'],
    ['docs', '/home/u/docs'],
    ['file', '/home/u/docs/file'],
    ['./sub/deep', '/home/u/docs/sub/deep'],
    ['docs/sub', '/home/u/docs/sub'],
    ['/home/u/docs/sub/deep', '/home/u/docs/sub/deep'],
  ])('%s means %s', async (path, expected) => {
    expect(await resolve('one', path)).toEqual([expected])
  })

  test('names are raw bytes', async () => {
    expect(await resolve('one', Buffer.from('b\xffd', 'latin1'))).toEqual(['/home/u/docs/b\xffd'])
  })

  test('a name is found as it is, and as it is printed', async () => {
    const lines = ['/home/u/docs/two\nlines']
    expect(await resolve('one', 'two\nlines')).toEqual(lines)
    expect(await resolve('one', 'two\\nlines')).toEqual(lines)
    expect(await resolve('one', 'two\\x0alines')).toEqual(lines)
    expect(await resolve('one', 'like\\none')).toEqual(['/home/u/docs/like\\none'])
  })

  test.each(['', 'none', '/home/u/doc', '/etc', '../docs', 'sub/../file', 'link/deep', 'file/x', 'a\0b'])(
    '%j is not there',
    async (path) => {
      await expect(resolve('one', path)).rejects.toMatchObject({ code: 'point.path-not-found', data: { point: 'p1' } })
    },
  )

  test('what lies in another chosen folder comes once', async () => {
    expect(await resolve('one', 'sub/deep', 'sub', 'file', 'docs/file')).toEqual([
      '/home/u/docs/sub',
      '/home/u/docs/file',
    ])
  })
})

describe('a point of two folders', () => {
  test.each([
    ['docs/file', ['/home/u/docs/file']],
    ['docs-2/sub', ['/srv/docs/sub']],
    ['/srv/docs/file', ['/srv/docs/file']],
    ['/', ['/home/u/docs', '/srv/docs']],
  ])('%s means %j', async (path, expected) => {
    expect(await resolve('two', path)).toEqual(expected)
  })

  test('a path without a label is not guessed', async () => {
    await expect(resolve('two', 'file')).rejects.toMatchObject({ code: 'point.path-not-found' })
  })
})

describe('destinations', () => {
  async function placed(paths: string[], where: 'directory' | 'origin'): Promise<string[]> {
    const point = new PointTree()
    const bytes = paths.map((path) => Buffer.from(path))
    const chosen = await resolvePaths(point.tree, point.root(two), bytes, { item: 'docs', point: 'p1' })
    const destinations = where === 'origin' ? placeAtOrigin(chosen) : placeInDirectory(chosen, Buffer.from('/to'))
    return destinations.map(({ directory, names }) => `${directory.toString()} + ${names.join('/')}`)
  }

  test.each([
    [['docs'], ['/to + ']],
    [['docs/file'], ['/to + file']],
    [[], ['/to + docs', '/to + docs-2']],
    [
      ['docs/file', 'docs-2/file', 'docs/sub'],
      ['/to + docs/file', '/to + docs-2/file', '/to + sub'],
    ],
  ])('%j into a folder', async (paths, expected) => {
    expect(await placed(paths, 'directory')).toEqual(expected)
  })

  test('the original places', async () => {
    expect(await placed(['docs/file', 'docs-2'], 'origin')).toEqual(['/home/u/docs + file', '/srv/docs + '])
  })
})
