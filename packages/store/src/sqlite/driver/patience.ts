// Waiting for the file while another connection writes to it.
//
// SQLite's own busy handler sleeps inside the call: our event loop stands still with it, and since
// it sleeps longer each time, whoever waited longest asks least often (measured with four
// processes: waits of 2 to 4 s, one process served 20 times as much as another). Coming back after
// a short random while instead is as fast, and fair, because everybody asks equally often.

import { setTimeout as sleep } from "node:timers/promises";
import { isBusy } from "./failure.ts";

/** Runs `work` until the file is free for it, or throws what SQLite said after `timeoutMs`. */
export async function patiently<T>(work: () => T, timeoutMs: number): Promise<T> {
  let giveUpAt: number | null = null;
  for (;;) {
    try {
      return work();
    } catch (error) {
      if (!isBusy(error)) throw error;
      giveUpAt ??= performance.now() + timeoutMs;
      if (performance.now() >= giveUpAt) throw error;
    }
    await sleep(Math.random() * 2);
  }
}
