/** Backups of real trees, onto full disks, from disks that come and go, of files that only root can make. */
import { execFileSync, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  existsSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { BackupDocument, VerifyDocument } from '../../agent-core/api/agent-api.ts'
import { makeNode, setXattr } from '../../agent-core/platform/posix.ts'
import { CliHome } from '../support/cli-home.ts'
import { type LoopFileSystem, mountLoopFileSystem } from '../support/loop-file-system.ts'
import { needs } from '../support/needs.ts'

let cli: CliHome
let mounted: LoopFileSystem[]

beforeEach(() => {
  cli = new CliHome('/var/tmp')
  mounted = []
})

afterEach(async () => {
  for (const fileSystem of mounted.reverse()) await fileSystem.dispose()
  cli[Symbol.dispose]()
})

async function mount(type: 'ext4' | 'tmpfs', sizeBytes: number): Promise<LoopFileSystem> {
  const fileSystem = await mountLoopFileSystem(type, sizeBytes)
  mounted.push(fileSystem)
  return fileSystem
}

const at = (...names: readonly string[]): string => join(cli.source, ...names)

function differences(source: string, target: string): string {
  const parameters = ['-aHAXn', '--checksum', '--itemize-changes', '--delete', `${source}/`, `${target}/`]
  return execFileSync('rsync', parameters, { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 })
}

async function assertWhole(): Promise<void> {
  const verified = await cli.json<VerifyDocument>(['vault', 'verify', 'v', '--read-data', '100'])
  expect(verified.damaged).toEqual([])
}

describe('real trees come back so that rsync finds nothing to change', needs('rsync'), () => {
  const nodeModules = join(import.meta.dirname, '..', '..', 'node_modules')
  test.each(['/usr/share/doc', '/etc', nodeModules])('%s', async (folder) => {
    await cli.json(['vault', 'create', 'v', '--local', cli.vault])
    await cli.json(['item', 'enable', 'docs', '--vault', 'v', folder, '--no-default-excludes'])
    await cli.backUp()
    const target = join(cli.folder, 'out')
    await cli.json(['restore', 'files', 'docs', 'latest', '--to', target, '--special'])
    expect(differences(folder, target)).toBe('')
  })
})

describe('full disks', () => {
  test('a vault that is full says so, loses nothing, and works again after room is made', async () => {
    const disk = await mount('tmpfs', 12 * 1024 * 1024)
    cli = Object.assign(cli, { vault: join(disk.folder, 'vault') })
    writeFileSync(at('first'), randomBytes(2_000_000))
    await cli.setUp()
    await cli.backUp()
    const ballast = join(disk.folder, 'ballast')
    writeFileSync(ballast, Buffer.alloc(6_000_000))
    writeFileSync(at('second'), randomBytes(8_000_000))
    const refused = await cli.backUp(1)
    expect(refused).toMatchObject({
      job: { state: 'waiting' },
      point: { seq: 2, confirmed: false },
      failure: { code: 'vault.full', exitCode: 1 },
    })
    expect(refused.warnings).toEqual([])
    expect((await cli.points()).map(({ tiers }) => tiers)).toEqual([['instant', 'vault'], ['instant']])
    expect(differences(cli.source, await cli.restore('latest'))).toBe('')
    rmSync(ballast)
    expect(await cli.backUp()).toMatchObject({ point: { seq: 3, confirmed: true } })
    await assertWhole()
    expect(differences(cli.source, await cli.restore('latest'))).toBe('')
    expect((await cli.points()).map(({ tiers }) => tiers)).toEqual(Array(3).fill(['instant', 'vault']))
  })

  test('a cache that is full says so, makes no point, and works again after room is made', async () => {
    const disk = await mount('tmpfs', 16 * 1024 * 1024)
    cli = Object.assign(cli, { home: join(disk.folder, 'home') })
    writeFileSync(at('first'), randomBytes(1_000_000))
    await cli.setUp()
    await cli.backUp()
    const ballast = join(disk.folder, 'ballast')
    writeFileSync(ballast, Buffer.alloc(11_000_000))
    writeFileSync(at('second'), randomBytes(7_000_000))
    expect((await cli.fails(['backup-now', 'docs'], 1)).code).toBe('cache.full')
    rmSync(ballast)
    expect(await cli.backUp()).toMatchObject({ point: { seq: 2, confirmed: true } })
    const open = readdirSync(join(cli.home, 'cache', 'chunks')).filter((name) => name.startsWith('.'))
    expect(open).toEqual([])
    await assertWhole()
    expect(differences(cli.source, await cli.restore('latest'))).toBe('')
  })

  test('a vault mounted read-only refuses, and the point waits', async () => {
    const disk = await mount('ext4', 64 * 1024 * 1024)
    cli = Object.assign(cli, { vault: join(disk.folder, 'vault') })
    writeFileSync(at('first'), 'first')
    await cli.setUp()
    await cli.backUp()
    await disk.remountReadOnly()
    writeFileSync(at('second'), 'second')
    const refused = await cli.backUp(1)
    expect(refused).toMatchObject({ failure: { code: 'vault.denied' }, point: { confirmed: false } })
    expect(await cli.points()).toHaveLength(2)
  })
})

describe('a source on a disk that comes and goes', needs('mkfs.ext4', 'losetup'), () => {
  test('absent: no point; another disk: no point until --accept', async () => {
    const first = await mount('ext4', 16 * 1024 * 1024)
    writeFileSync(join(first.folder, 'file'), 'content')
    await cli.json(['vault', 'create', 'v', '--local', cli.vault])
    await cli.json(['item', 'enable', 'docs', '--vault', 'v', first.folder])
    await cli.backUp()
    await first.unmount()
    const absent = await cli.fails(['backup-now', 'docs'], 1)
    expect(absent.code).toMatch(/^source\.(replaced|emptied)$/)
    expect(absent.advice).toContain('--accept')
    const second = await mount('ext4', 16 * 1024 * 1024)
    writeFileSync(join(second.folder, 'file'), 'content')
    execFileSync('mount', ['--bind', second.folder, first.folder])
    try {
      expect((await cli.fails(['backup-now', 'docs'], 1)).code).toBe('source.replaced')
      expect(await cli.points()).toHaveLength(1)
      expect(await cli.backUp(0, '--accept')).toMatchObject({ point: { seq: 2 } })
      expect(await cli.backUp()).toMatchObject({ point: { seq: 3 } })
    } finally {
      execFileSync('umount', [first.folder])
    }
  })
})

// struct vfs_ns_cap_data of revision 2 (linux/capability.h): cap_net_raw permitted and effective.
const capability = Buffer.from('0100000200200000000000000000000000000000', 'hex')

describe('what only root or odd programs make', needs('rsync', 'setfacl', 'setfattr'), () => {
  test('devices, set-id bits, ACLs, capabilities, odd names, deep paths, large holes', async () => {
    const names = [Buffer.from([0xff, 0x20, 0xc3]), Buffer.from('new\nline'), Buffer.alloc(255, 'n'), Buffer.from('-r')]
    for (const name of names) writeFileSync(Buffer.concat([Buffer.from(`${cli.source}/`), name]), name)
    for (const name of ['acl', 'setuid', 'capable']) writeFileSync(at(name), name)
    mkdirSync(at('shared'))
    execFileSync('setfacl', ['-m', 'u:12345:rw,g:54321:r', at('acl')])
    execFileSync('setfacl', ['-m', 'd:u:12345:rwx', at('shared')])
    execFileSync('setfattr', ['-n', 'user.note', '-v', 'kept', at('acl')])
    chownSync(at('setuid'), 12_345, 54_321)
    chmodSync(at('setuid'), 0o6755)
    chmodSync(at('shared'), 0o3770)
    setXattr(at('capable'), 'security.capability', capability)
    symlinkSync('nowhere', at('link'))
    execFileSync('chown', ['-h', '12345:54321', at('link')])
    makeNode(at('fifo'), constants.S_IFIFO | 0o640)
    makeNode(at('socket'), constants.S_IFSOCK | 0o600)
    makeNode(at('null'), constants.S_IFCHR | 0o666, { major: 1, minor: 3 })
    makeNode(at('loop'), constants.S_IFBLK | 0o660, { major: 7, minor: 0 })
    const sparse = openSync(at('sparse'), 'w')
    writeSync(sparse, 'begin')
    writeSync(sparse, 'far', 5 * 1024 ** 3)
    ftruncateSync(sparse, 6 * 1024 ** 3)
    closeSync(sparse)
    const deep = `cd "$1" && for i in $(seq 1 25); do mkdir "$2" && cd "$2" || exit 1; done && echo deep > file`
    execFileSync('bash', ['-c', deep, 'sh', cli.source, 'd'.repeat(200)])
    await cli.setUp()
    const started = performance.now()
    expect((await cli.backUp()).warnings).toEqual([])
    expect(performance.now() - started).toBeLessThan(20_000)
    const target = join(cli.folder, 'out')
    await cli.json(['restore', 'files', 'docs', 'latest', '--to', target, '--special'])
    const shallow = ['--exclude', '/ddd*', '--exclude', '/sparse']
    const parameters = ['-aHAXn', '--checksum', '--itemize-changes', ...shallow, `${cli.source}/`, `${target}/`]
    expect(execFileSync('rsync', parameters, { encoding: 'utf8' })).toBe('')
    const read = `cd "$1" && for i in $(seq 1 25); do cd "$2" || exit 1; done && cat file`
    expect(execFileSync('bash', ['-c', read, 'sh', target, 'd'.repeat(200)], { encoding: 'utf8' })).toBe('deep\n')
    const blocks = execFileSync('stat', ['-c', '%s %b', join(target, 'sparse')], { encoding: 'utf8' }).split(' ')
    expect(Number(blocks[0])).toBe(6 * 1024 ** 3)
    expect(Number(blocks[1])).toBeLessThan(1000)
    expect(spawnSync('cmp', [at('sparse'), join(target, 'sparse')]).status).toBe(0)
    // A plain user's removal of paths this long needs a relative walk; rm does that.
    execFileSync('rm', ['-rf', target, cli.source])
  })

  test('the nodump flag and tagged caches keep files out', async () => {
    const disk = await mount('ext4', 32 * 1024 * 1024)
    const folder = join(disk.folder, 'data')
    mkdirSync(join(folder, 'cache'), { recursive: true })
    mkdirSync(join(folder, 'skip'))
    for (const name of ['kept', 'flagged', 'cache/much', 'skip/file']) writeFileSync(join(folder, name), name)
    writeFileSync(join(folder, 'cache', 'CACHEDIR.TAG'), 'Signature: 8a477f597d28d172789f06886806bc55')
    execFileSync('chattr', ['+d', join(folder, 'flagged'), join(folder, 'skip')])
    await cli.json(['vault', 'create', 'v', '--local', cli.vault])
    await cli.json(['item', 'enable', 'docs', '--vault', 'v', folder])
    await cli.backUp()
    const paths = (await cli.files('latest')).map(({ path }) => path)
    expect(paths).toContain('kept')
    for (const name of ['flagged', 'cache/much', 'skip/file']) expect(paths).not.toContain(name)
  })
})

describe('another user', () => {
  test('files that may not be read are named, and the point says it is partial', async () => {
    const uid = 65_534
    execFileSync('chmod', ['755', cli.folder])
    mkdirSync(join(cli.folder, 'own'))
    chownSync(join(cli.folder, 'own'), uid, uid)
    cli = Object.assign(cli, { home: join(cli.folder, 'own', 'home'), vault: join(cli.folder, 'own', 'vault') })
    mkdirSync(at('closed'))
    for (const name of ['open', 'secret', join('closed', 'file')]) writeFileSync(at(name), name)
    chmodSync(at('secret'), 0o600)
    chmodSync(at('closed'), 0o700)
    const env = { HOME: join(cli.folder, 'own') }
    await cli.json(['vault', 'create', 'v', '--local', cli.vault], 0, { uid, env })
    await cli.json(['item', 'enable', 'docs', '--vault', 'v', cli.source], 0, { uid, env })
    const backup = await cli.json<BackupDocument>(['backup-now', 'docs'], 3, { uid, env })
    expect(backup.warnings.map(({ code, path }) => `${code} ${path}`).sort()).toEqual([
      `file.unreadable ${at('closed')}`,
      `file.unreadable ${at('secret')}`,
    ])
    expect(await cli.json(['point', 'show', 'docs', 'latest'], 0, { uid, env })).toMatchObject({ partial: true })
    const to = join(cli.folder, 'own', 'restored')
    const restored = await cli.run(['restore', 'files', 'docs', 'latest', '--to', to], { uid, env })
    expect(restored.stderr).toContain('2 paths could not be read when this point was made')
  })
})

describe('fsync errors', needs('strace'), () => {
  test('are reported and not acknowledged; the next run works', async () => {
    writeFileSync(at('first'), randomBytes(100_000))
    await cli.setUp()
    await cli.backUp()
    const statuses: (number | null)[] = []
    // Counted in each thread; the second of all is that of standard error at the end, which does not concern a vault.
    for (const when of [1, 3, 4, 5, 6, 8]) {
      writeFileSync(at('second'), randomBytes(100_000))
      const inject = ['strace', '-f', '-qq', '-o', '/dev/null', '-e', 'trace=fsync', '-e']
      const under = [...inject, `inject=fsync:error=EIO:when=${when}`]
      const result = await cli.run(['backup-now', 'docs', '--output', 'json'], { under })
      expect([0, 1], `fsync ${when}\n${result.stderr}`).toContain(result.status)
      statuses.push(result.status)
      expect(await cli.backUp()).toMatchObject({ point: { confirmed: true } })
      await assertWhole()
      expect(differences(cli.source, await cli.restore('latest'))).toBe('')
    }
    expect(statuses.filter((status) => status === 1).length).toBeGreaterThan(2)
  })
})

describe('unchanged files are not opened', needs('strace'), () => {
  test('only the changed one of 2,000', async () => {
    for (let number = 0; number < 2000; number++) {
      writeFileSync(at(`${number}`), `${number}`)
      utimesSync(at(`${number}`), 1_600_000_000, 1_600_000_000)
    }
    await cli.setUp()
    await cli.letTimesSettle()
    await cli.backUp()
    writeFileSync(at('1234'), 'changed')
    const trace = join(cli.folder, 'trace')
    const under = ['strace', '-f', '-qq', '-o', trace, '-e', 'trace=open,openat,openat2']
    expect((await cli.run(['backup-now', 'docs'], { under })).status).toBe(0)
    const opened = readFileSync(trace, 'utf8')
      .split('\n')
      .filter((line) => /"\/[^"]*\/(source|fd\/\d+)\/\d+"/.test(line))
    expect(opened.length).toBeGreaterThan(0)
    expect(opened.filter((line) => !line.includes('1234'))).toEqual([])
    expect(existsSync(trace)).toBe(true)
  })
})
