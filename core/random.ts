import { randomBytes } from 'node:crypto'

let pool = Buffer.alloc(0)

/** Random bytes from the system, fetched for many callers at once: each call to it costs more than what is done with them. No byte is given out twice. */
export function randomPart (bytes: number): Buffer {
  if (pool.length < bytes) pool = randomBytes(Math.max(bytes, 8192))
  const part = pool.subarray(0, bytes)
  pool = pool.subarray(bytes)
  return part
}
