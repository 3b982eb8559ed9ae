// The second schema: slots, unique keys, dependencies, batches and recurring tasks. Additive: a
// version that knows only the first goes on working beside it, and the triggers do for its jobs
// what they do for everybody's. What it leaves in `touched` is taken up by others.
//
// No function of it may be called by everybody that runs with the rights of the owner; roles.sql
// says who may. The others run with the rights of their callers, and need none of their own.

import { ends } from "./2-flow/ends.ts";
import { checks } from "./2-flow/enqueue/checks.ts";
import { replacing } from "./2-flow/enqueue/replace.ts";
import { enqueueing } from "./2-flow/enqueue.ts";
import { inserting } from "./2-flow/insert.ts";
import { plainEnqueueing } from "./2-flow/plain.ts";
import { promotion } from "./2-flow/promote.ts";
import { reconcile } from "./2-flow/reconcile.ts";
import { slots } from "./2-flow/slots.ts";
import { tables } from "./2-flow/tables.ts";
import { triggers } from "./2-flow/triggers.ts";
import { uniques } from "./2-flow/uniques.ts";
import { batches } from "./2-flow/upkeep/batches.ts";
import { gating } from "./2-flow/upkeep/gating.ts";
import { limits } from "./2-flow/upkeep/limits.ts";
import { upkeep } from "./2-flow/upkeep.ts";
import { recurringTables } from "./2-recurring.ts";

/** Of this step and the one before, whatever else the schema may hold. */
const revoke = `
DO $$ DECLARE
  each regprocedure;
BEGIN
  FOR each IN
    SELECT oid FROM pg_proc WHERE pronamespace = to_regnamespace('queue_runtime') AND prosecdef
  LOOP
    EXECUTE 'REVOKE ALL ON FUNCTION ' || each || ' FROM PUBLIC';
  END LOOP;
END $$;`;

export const flow: string = [
  "SET LOCAL search_path = pg_catalog, pg_temp;",
  tables,
  recurringTables,
  triggers,
  slots,
  promotion,
  ends,
  reconcile,
  uniques,
  checks,
  inserting,
  enqueueing,
  replacing,
  plainEnqueueing,
  upkeep,
  gating,
  batches,
  limits,
  revoke,
].join("\n");
