/** As many bytes at once. */
const size = 65_536

let room = Buffer.alloc(0)

/**
 * A place for a key among other keys. In the pool from which Node takes small buffers they would lie between what is soon
 * forgotten, and keep all of it in memory.
 */
export function placeForKey(length: number): Buffer {
  if (room.length < length) room = Buffer.alloc(Math.max(size, length))
  const place = room.subarray(0, length)
  room = room.subarray(length)
  return place
}
