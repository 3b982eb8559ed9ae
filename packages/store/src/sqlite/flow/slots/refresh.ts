// The slots of living processes: their expiry moves on with the heartbeat. Nothing else depends on
// that but how soon a slot would be free again, should every other way to free it have failed.

import type { Connection } from "../../driver/connection.ts";

const anySlot = "SELECT 1 FROM slots LIMIT 1";
const msOfGate = `(SELECT ms FROM job_gates AS gate
  WHERE gate.job_id = slots.job_id AND gate.key = slots.key)`;
/** Those of which more than half is left can wait for a later beat. */
const refresh = `UPDATE slots SET expires_at = ?1 + ${msOfGate}
  WHERE job_id IN (SELECT jobs.id FROM json_each(?2) AS process
      CROSS JOIN jobs INDEXED BY jobs_running ON jobs.process_id = process.value)
    AND kind = 'concurrency' AND expires_at < ?1 + ${msOfGate} / 2`;

/** Of the jobs that these processes run. */
export function refreshSlots(connection: Connection, processIds: readonly number[]): void {
  if (!connection.sql(anySlot).get()) return;
  connection.sql(refresh).run(connection.now(), JSON.stringify(processIds));
}
