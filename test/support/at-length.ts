// Races and random stories are as long as CI has time for; with RUNTIME_TEST_LONG=1 they are as
// long as we ever had them.

const isLong = process.env.RUNTIME_TEST_LONG === "1";

/** How much of it: all, or what a usual run has time for. */
export function atLength(all: number, usually: number): number {
  return isLong ? all : usually;
}

/** For a test that takes minutes at full length, or on a slow machine; milliseconds. */
export const raceTimeoutMs: number = isLong ? 600_000 : 120_000;
