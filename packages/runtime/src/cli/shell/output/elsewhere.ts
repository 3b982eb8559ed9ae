// Output is a file, and a file is on one host: whose output to look for where.

import { hostname } from "node:os";
import type { CommandJob } from "@queue-runtime/store";

/** The other host that runs a command, or ran it last; null: this one, or none yet. */
export function otherHost({ command }: CommandJob): string | null {
  const host = command.process?.host ?? null;
  return host === hostname() ? null : host;
}
