// The settings of a queue in words: for `runtime check` and `runtime queue list`.

import type { QueueSettings } from "@queue-runtime/store";
import { inWords } from "./in-words.ts";

/** Such as `5 slots, 100 per 1s (10 at once), fair`; `no limits` when nothing is set. */
export function describeSettings({ slots, rate, fair }: QueueSettings): string {
  const parts: string[] = [];
  if (slots !== null) parts.push(`${slots} ${slots === 1 ? "slot" : "slots"}`);
  if (rate !== null) {
    const burst = rate.burst === rate.limit ? "" : ` (${rate.burst} at once)`;
    parts.push(`${rate.limit} per ${inWords(rate.perMs)}${burst}`);
  }
  if (fair) parts.push("fair");
  return parts.length === 0 ? "no limits" : parts.join(", ");
}
