// What the crash jobs write into the record: one event of one run, with at most one value.

import { threadId } from "node:worker_threads";
import type { JobContext } from "queue-runtime";
import { recorder } from "./record.ts";

export function note(context: JobContext, event: string, value?: unknown): void {
  recorder(context)(event, { thread: threadId, ...(value !== undefined && { value }) });
}
