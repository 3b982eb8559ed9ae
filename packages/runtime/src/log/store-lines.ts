// The lines about the store: whether it answers, whether it announces changes, and whether this
// host may still count on its jobs.

import { duration } from "./duration.ts";
import type { RuntimeEvent } from "./events.ts";
import type { LineLevel } from "./lines.ts";

export type StoreEvent = Extract<
  RuntimeEvent,
  { type: `store-${string}` | `news-${string}` | `lease-${string}` }
>;

export function isOfStore(event: RuntimeEvent): event is StoreEvent {
  return /^(?:store|news|lease)-/.test(event.type);
}

export function ofStore(event: StoreEvent): [LineLevel, string] {
  switch (event.type) {
    case "store-trouble": {
      const { message, atMostMs } = event;
      if (atMostMs === undefined) return ["error", `store: ${message}`];
      return ["warn", `store: ${message}; waiting for it, at most ${duration(atMostMs)}`];
    }
    case "store-well":
      return ["info", `store answers again after ${duration(event.ms)}`];
    case "news-polled":
      return ["warn", `changes in the store are polled for, not announced: ${event.message}`];
    case "news-announced":
      return ["info", "changes in the store are announced again"];
    case "lease-lost":
      return [
        "error",
        `no heartbeat for ${duration(event.silentMs)}: jobs are stopped, because other hosts ` +
          `take them over after ${duration(event.thresholdMs)} (alive_threshold)`,
      ];
    case "lease-regained":
      return ["info", `the heart beats again after ${duration(event.ms)}: jobs are claimed again`];
    default:
      return impossible(event);
  }
}

function impossible(event: never): never {
  throw new Error(`no line for ${JSON.stringify(event)}`);
}
