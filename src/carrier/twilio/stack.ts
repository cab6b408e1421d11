/**
 * Frames of the recursion below: together more than 40 KiB however they are compiled. Node reads TLS into 16 KiB of
 * its stack.
 */
const FRAMES = 1000;

/**
 * Overwrites what is left on the stack below its caller. Node decrypts each TLS record into an array on the stack
 * (`TLSWrap::ClearOut`) and leaves it there: of a record with several messages all stay readable until a longer one
 * comes. Call it from the event loop itself, as with `setImmediate`: under a read it would lie behind that array.
 */
export function overwriteStack(): void {
  descend(FRAMES);
}

function descend(frames: number): number {
  return frames === 0 ? 0 : 1 + descend(frames - 1);
}
