// How a run ended, as plain data: it crosses threads unchanged; only the runtime writes it down.

import type { JobError, Json, Progress } from "@queue-runtime/store";

export type Outcome =
  | { readonly outcome: "finished"; readonly result: Json; readonly position?: Position }
  /** `retryDelayMs` null: no retry is left, or the error forbids one. */
  | {
      readonly outcome: "failed";
      readonly error: JobError;
      readonly retryDelayMs: number | null;
      readonly position?: Position;
    }
  /** Ends early and goes on later: no attempt is spent. `reason` is for people and logs. */
  | {
      readonly outcome: "interrupted";
      readonly reason: string;
      readonly delayMs: number;
      readonly position?: Position;
    }
  | { readonly outcome: "cancelled"; readonly position?: Position };

/** Where a run stands: what the next one needs to go on. */
export interface Position {
  /** Absent: unchanged. */
  readonly cursor?: Json;
  readonly progress?: Progress;
}
