/**
 * What is left out unless an item says otherwise. Only what is certain to be worthless in a backup or is
 * made again by itself; whatever a program would miss stays in. Left in on purpose: *.tmp and *.bak (people name
 * their own files so), editors' swap files (they hold unsaved work), __pycache__, node_modules and other folders
 * named "cache" (part of installed trees, and not always made again), /var/cache (programs need its folders),
 * /var/tmp (it outlives reboots). CACHEDIR.TAG is how programs mark their caches themselves.
 */

export interface DefaultExclusion {
  /** As a person would write it for an item; a leading `/` is the root of the system, `**` reaches it too. */
  readonly rule: string
  /** Why, as the end of "left out because …". */
  readonly reason: string
  /** Only there; everywhere when absent. */
  readonly platform?: NodeJS.Platform
}

/** What the two rules that look into a folder or at a flag are called in lists. */
export const taggedCacheRule = 'CACHEDIR.TAG'
export const noDumpRule = 'nodump'

const trash = 'it is the trash'
const cache = 'it is a cache that its programs fill again'
const kernel = 'the running system makes it up; it is not stored anywhere'
const memory = 'it is memory of the running system, worthless after a restart'
const mountPoint = 'it shows what is stored elsewhere'
const lock = 'it only tells that a document is open'
const restore = 'it holds what a restore has not put in its place yet'
const fileSystem = 'it belongs to the file system, not to the files'

export const defaultExclusionTable: readonly DefaultExclusion[] = [
  // freedesktop.org Trash Specification 1.0: the home trash and those at the top of other disks.
  { rule: '**/.local/share/Trash/', reason: trash },
  { rule: '.Trash-[0-9]*/', reason: trash },
  { rule: '.Trash/', reason: trash },
  { rule: '.Trashes/', reason: trash },
  { rule: '$RECYCLE.BIN/', reason: trash },
  { rule: '$Recycle.Bin/', reason: trash },

  // What a restore that was ended leaves behind (restore/staging.ts).
  { rule: '.tharsis-restore-[0-9a-f]*/', reason: restore },

  // XDG Base Directory Specification: $XDG_CACHE_HOME; only that of a home folder, never any folder of that name.
  { rule: '**/home/*/.cache/', reason: cache },
  { rule: '/root/.cache/', reason: cache },
  { rule: '**/home/*/.thumbnails/', reason: cache },
  { rule: '**/home/*/.var/app/*/cache/', reason: cache },
  { rule: '**/home/*/snap/*/*/.cache/', reason: cache },
  { rule: '**/Users/*/Library/Caches/', reason: cache },
  // Chromium and the programs built on it keep these in their profile.
  { rule: '**/.config/**/Code Cache/', reason: cache },
  { rule: '**/.config/**/GPUCache/', reason: cache },
  { rule: '**/.config/**/DawnGraphiteCache/', reason: cache },
  { rule: '**/.config/**/DawnWebGPUCache/', reason: cache },
  { rule: '**/.config/**/GrShaderCache/', reason: cache },
  { rule: '**/.config/**/Cache/Cache_Data/', reason: cache },
  { rule: '**/AppData/Local/Temp/', reason: 'it holds temporary files of programs' },
  { rule: '**/AppData/Local/Microsoft/Windows/INetCache/', reason: cache },

  { rule: '/swapfile', reason: memory, platform: 'linux' },
  { rule: '/swap.img', reason: memory, platform: 'linux' },
  { rule: 'pagefile.sys', reason: memory },
  { rule: 'hiberfil.sys', reason: memory },
  { rule: 'swapfile.sys', reason: memory },
  { rule: '/private/var/vm/', reason: memory, platform: 'darwin' },

  { rule: '/proc/', reason: kernel, platform: 'linux' },
  { rule: '/sys/', reason: kernel, platform: 'linux' },
  { rule: '/dev/', reason: kernel, platform: 'linux' },
  { rule: '/run/', reason: kernel, platform: 'linux' },
  { rule: '/tmp/', reason: 'it is emptied at every start', platform: 'linux' },
  { rule: '**/home/*/.gvfs/', reason: mountPoint },
  { rule: '/.snapshots/', reason: mountPoint, platform: 'linux' },
  { rule: '/home/.snapshots/', reason: mountPoint, platform: 'linux' },

  { rule: 'lost+found/', reason: fileSystem },
  { rule: 'System Volume Information/', reason: fileSystem },
  { rule: '.Spotlight-V100/', reason: fileSystem },
  { rule: '.fseventsd/', reason: fileSystem },

  { rule: '.~lock.*#', reason: lock },
  { rule: '~$*.{doc,docx,docm,dot,dotx,rtf,xls,xlsx,xlsm,xlsb,ppt,pptx,pptm,ppsx,vsd,vsdx}', reason: lock },
]

/** The default exclusions of a platform with the reason of each, for people to look at. */
export function listDefaultExclusions(platform: NodeJS.Platform): readonly DefaultExclusion[] {
  return [
    ...defaultExclusionTable.filter((row) => row.platform === undefined || row.platform === platform),
    { rule: taggedCacheRule, reason: taggedCacheReason },
    { rule: noDumpRule, reason: noDumpReason },
  ]
}

export const taggedCacheReason = `its ${taggedCacheRule} file marks it as a cache`
export const noDumpReason = 'its owner has marked it as not to be backed up (chattr +d)'
