// The one thing that job code is given, to `perform`, `buildEnumerator`, `eachIteration` and every
// callback alike. Functions can be taken out of it (`const { enqueue } = context`); `stopping`
// must be read from it each time, because it changes.

import type { Json } from "@queue-runtime/store";
import type { RateLimit } from "./flow/rate.ts";
import type { Enqueuer } from "./queue/enqueuer.ts";
import type { Logger, RunJob } from "./run.ts";

export interface JobContext<Cursor extends Json = Json> {
  /** The stored job as it was claimed. */
  readonly job: RunJob;
  /** 1 for the first. Interrupted runs and crashes do not count. */
  readonly attempt: number;
  /** Grows with every claim of this job: hand it to systems that must refuse an older run. */
  readonly fence: number;
  readonly log: Logger;
  /** Whether the run should end soon. Cheap enough for inner loops; read it anew each time. */
  readonly stopping: boolean;
  /** Aborts with an AbortReason: cancel, time-out, loss, a shutdown that can wait no longer. */
  readonly signal: AbortSignal;
  /** Where the run would resume now: the cursor of the last item done; null is the beginning. */
  readonly cursor: Cursor | null;
  /** Reports how far the job has come; `total` may be left out while it is unknown. */
  readonly progress: (done: number, total?: number | null) => void;
  /**
   * Saves durably. In a plain job: saves `cursor`, then ends the run by an Interrupt if it should
   * stop, so that a loop of one's own can await it. In an iteration, without an argument: saves
   * the position after the last item done.
   */
  checkpoint(cursor?: Cursor): Promise<void>;
  /** The batch that the job belongs to, or null. */
  readonly batchId: number | null;
  /**
   * Takes one slot of a rate that all hosts share: 0 when it was free, or how long until one is, in
   * milliseconds; then nothing is taken. `rate: { key, … }` of a job with the same group counts too.
   * @throws TypeError
   */
  readonly take: (key: string, rate: RateLimit) => Promise<number>;
  /** Enqueues another job; durable when it resolves. `{ batch: context.batchId }`: a sibling. */
  readonly enqueue: Enqueuer["enqueue"];
}
