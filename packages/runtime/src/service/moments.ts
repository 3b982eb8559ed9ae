// The hooks of one moment in the life of a process, each cut off when its time is up: a hook may be
// slow or broken, a boot or a shutdown may not.

import { type HookName, type HookPayload, runHooks } from "@queue-runtime/job";
import type { Log } from "../log.ts";
import { monotonic } from "../process/monotonic.ts";

/** The share of `shutdown_timeout` that a hook may take. */
const hookShare = 0.1;
/** What it takes to leave in order, in milliseconds: no hook may use it up. */
const leaveMs = 50;

export interface MomentOptions {
  readonly log: Log | null;
  readonly shutdownTimeoutMs: number;
  /** When the process has to be gone, by the monotonic clock; null while it does not stop. */
  readonly end: number | null;
}

/** Never rejects: what goes wrong in a hook is in the log. */
export async function runMoment(
  name: HookName,
  self: Omit<HookPayload, "pid">,
  { log, shutdownTimeoutMs, end }: MomentOptions,
): Promise<void> {
  const share = shutdownTimeoutMs * hookShare;
  const left = end === null ? share : end - leaveMs - monotonic();
  await runHooks(
    name,
    { ...self, pid: process.pid },
    {
      limitMs: Math.max(1, Math.round(Math.min(share, left))),
      onError: (hook, error) => log?.report({ type: "hook-failed", hook, message: String(error) }),
    },
  );
}
