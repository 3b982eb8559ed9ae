// Waiting for the file while another connection writes to it.
//
// SQLite's own busy handler sleeps inside the call: our event loop stands still with it, and since
// it sleeps longer each time, whoever waited longest asks least often (measured with four
// processes: waits of 2 to 4 s, one process served 20 times as much as another). Coming back after
// a short random while is fair, because everybody asks equally often.
//
// How short? Timers cannot do less than a millisecond, in which a busy neighbour commits several
// times: with four processes at full load they meant waits of up to 120 ms and twice the work for
// the luckiest. So we nap for at most 0.36 ms, with a turn of the event loop after each nap: 48 ms
// and 1.2 times. Timers take over only when the file stays locked for as long as no neighbour's
// commit lasts; when they did after 25 ms, they brought the unfairness back on a loaded machine.

import { setImmediate as breathe, setTimeout as sleep } from "node:timers/promises";
import { isBusy } from "./failure.ts";

/** How long to nap before timers take over, in milliseconds. */
const nappingMs = 500;

/** Runs `work` once the file is free for it, or throws what SQLite said after `timeoutMs`. */
export async function patiently<T>(work: () => T, timeoutMs: number): Promise<T> {
  let began: number | null = null;
  for (;;) {
    try {
      return work();
    } catch (error) {
      if (!isBusy(error)) throw error;
      began ??= performance.now();
      const waited = performance.now() - began;
      if (waited >= timeoutMs) throw error;
      await (waited < nappingMs ? nap() : sleep(1 + Math.random() * 2));
    }
  }
}

const nobody = new Int32Array(new SharedArrayBuffer(4));

async function nap(): Promise<void> {
  Atomics.wait(nobody, 0, 0, 0.06 + Math.random() * 0.3);
  await breathe();
}
