// The clock that deadlines are kept by. It never jumps, and on one machine it is the same for every
// process, so that a supervisor can hand its deadline to its children as a plain number.

/** Between the origin of this thread's `performance.now()` and that of the system's clock. */
const offset = Number(process.hrtime.bigint() / 1_000n) / 1_000 - performance.now();

/** Milliseconds since a moment that all processes of this boot share. */
export function monotonic(): number {
  return offset + performance.now();
}
