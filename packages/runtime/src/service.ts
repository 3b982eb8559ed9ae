// What worker, dispatcher and scheduler have in common for the process that hosts them.

import type { News } from "@queue-runtime/store";
import type { Timetable } from "./process/deadline.ts";

/** `starting -> running -> stopping -> stopped`, forward only. */
export interface Service {
  /** Resolves when it works; rejects when it cannot. */
  start(): Promise<void>;
  /** Claims and begins nothing while on; what runs goes on. */
  quiet(on: boolean): void;
  /** Something changed in a store that only the supervisor watches. */
  hear(news: News): void;
  /**
   * This host has not reached the store for so long that others may soon take its jobs: whatever
   * runs is to end, and nothing is begun, until the store is reached again.
   */
  leaseLost(lost: boolean): void;
  /**
   * Ends within the timetable; tolerates being called before `start`, and again with an earlier
   * timetable. Resolves when really stopped: true when everything was handed over.
   */
  stop(times: Timetable, cause: string): Promise<boolean>;
}
