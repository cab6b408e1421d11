/** Node reads TLS into 16 KiB of its stack, about 12 KiB below the event loop's frames. */
const STACK_BYTES = 48 * 1024;

/** Arguments lie on the stack, in words of eight bytes, whether or not the function takes any. */
const ARGUMENTS = new Array<number>(STACK_BYTES / 8).fill(0);

/**
 * Overwrites what is left on the stack below its caller. Node decrypts each TLS record into an array on the stack
 * (`TLSWrap::ClearOut`) and leaves it there: of a record with several messages all stay readable until a longer one
 * comes. Call it from the event loop itself, as with `setImmediate`: within a read it would lie below that array.
 */
export function overwriteStack(): void {
  Reflect.apply(nothing, null, ARGUMENTS);
}

function nothing(): void {}
