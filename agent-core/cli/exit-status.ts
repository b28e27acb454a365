/** Exit statuses of product.md that verbs choose themselves; the others come from the error table. */
export const exitStatus = {
  done: 0,
  failed: 1,
  usage: 2,
  warnings: 3,
  notFound: 4,
  unreachable: 6,
  damaged: 8,
  cancelled: 130,
} as const
