// A log that keeps what it is told.

import type { RuntimeEvent } from "../../../packages/runtime/src/log/events.ts";
import type { Log } from "../../../packages/runtime/src/log.ts";

export interface NotedLog extends Log {
  /** In order; `job-…` lines are left out. */
  readonly events: readonly RuntimeEvent[];
  readonly types: readonly RuntimeEvent["type"][];
  /** Of one type, in order. */
  of<T extends RuntimeEvent["type"]>(type: T): readonly Extract<RuntimeEvent, { type: T }>[];
}

export function notedLog(): NotedLog {
  const all: RuntimeEvent[] = [];
  return {
    options: { level: "debug", fd: 2, pretty: false, process: "test" },
    report: (event) => void all.push(event),
    write: () => undefined,
    get events() {
      return all.filter(({ type }) => !type.startsWith("job-"));
    },
    get types() {
      return this.events.map(({ type }) => type);
    },
    of<T extends RuntimeEvent["type"]>(type: T) {
      return all.filter(
        (event): event is Extract<RuntimeEvent, { type: T }> => event.type === type,
      );
    },
  };
}
