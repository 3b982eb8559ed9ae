// The logger that job code is given: pino's shape, bound to its job.

import type { Logger, RunJob } from "@queue-runtime/job";
import type { Log } from "../log.ts";
import type { LineLevel } from "./lines.ts";

export function jobLogger(write: Log["write"], job: RunJob): Logger {
  const bound = { job: job.id, name: job.name, queue: job.queue, attempt: job.attempts };
  const at = (level: LineLevel) => (first: object | string, message?: string) =>
    typeof first === "string"
      ? write(level, bound, first)
      : write(level, { ...first, ...bound }, message ?? "");
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}
