const slash = 0x2f

/**
 * Order of two paths (raw bytes, one character each) in a walk, depth first by the bytes of names: below 0 when `a` is
 * reached before `b`.
 */
export function compareInWalk(a: string, b: string): number {
  const common = Math.min(a.length, b.length)
  for (let index = 0; index < common; index++) {
    const [left, right] = [a.charCodeAt(index), b.charCodeAt(index)]
    // A name ends before it goes on: `a/b` is reached before `a-b`.
    if (left !== right) return (left === slash ? -1 : left) - (right === slash ? -1 : right)
  }
  return a.length - b.length
}
