// What worker and dispatcher have in common for the process that hosts them.

import type { Timetable } from "./process/deadline.ts";

/** `starting -> running -> stopping -> stopped`, forward only. */
export interface Service {
  /** Resolves when it works; rejects when it cannot. */
  start(): Promise<void>;
  /** Claims and begins nothing while on; what runs goes on. */
  quiet(on: boolean): void;
  /**
   * Ends within the timetable; tolerates being called before `start`, and again with an earlier
   * timetable. Resolves when really stopped: true when everything was handed over.
   */
  stop(times: Timetable, cause: string): Promise<boolean>;
}
