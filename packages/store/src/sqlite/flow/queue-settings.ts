// The settings of queues as they are stored. They become gates of each job, see rules/limits.ts.

import type { QueueSettings } from "../../flow.ts";
import type { Connection } from "../driver/connection.ts";

const all = "SELECT name, slots, rate_limit, rate_per_ms, rate_burst, fair FROM queue_settings";

interface Row {
  readonly name: string;
  readonly slots: number | null;
  readonly rate_limit: number | null;
  readonly rate_per_ms: number;
  readonly rate_burst: number;
  readonly fair: number;
}

/** Only of queues that have some. */
export function allSettings(
  connection: Pick<Connection, "sql">,
): ReadonlyMap<string, QueueSettings> {
  const rows = connection.sql(all).all() as unknown as readonly Row[];
  return new Map(
    rows.map(({ name, slots, rate_limit: limit, rate_per_ms: perMs, rate_burst: burst, fair }) => {
      const rate = limit === null ? null : { limit, perMs, burst };
      return [name, { slots, rate, fair: fair === 1 }];
    }),
  );
}
