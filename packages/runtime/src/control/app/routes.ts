// Every route, in the order of the document.

import type { Backing } from "../target.ts";
import { openApi } from "./openapi.ts";
import type { Route } from "./route.ts";
import { route } from "./route.ts";
import { batchRoutes } from "./routes/batches.ts";
import { commandRoutes } from "./routes/commands.ts";
import { editRoutes } from "./routes/edit.ts";
import { groupRoutes } from "./routes/groups.ts";
import { jobRoutes } from "./routes/jobs.ts";
import { liveRoutes } from "./routes/live.ts";
import { outputRoutes } from "./routes/output.ts";
import { queueRoutes } from "./routes/queues.ts";
import { recurringRoutes } from "./routes/recurring.ts";
import { runtimeRoutes } from "./routes/runtime.ts";
import { streamRoutes } from "./routes/stream.ts";
import { anything } from "./schema.ts";

/** Of the API, not of the program: raised when a client has to know. */
const apiVersion = "1.0.0";

export function allRoutes(backing: Backing): readonly Route[] {
  const routes: Route[] = [
    ...runtimeRoutes(backing),
    ...streamRoutes(backing),
    ...commandRoutes(backing),
    ...liveRoutes(backing),
    ...editRoutes(backing),
    ...outputRoutes(backing),
    ...groupRoutes(backing),
    ...jobRoutes(backing),
    ...queueRoutes(backing),
    ...recurringRoutes(backing),
    ...batchRoutes(backing),
  ];
  const document: Route = route({
    method: "GET",
    path: "/openapi.json",
    summary: "This document",
    answers: { 200: anything },
    handle: () => openApi([...routes, document], apiVersion),
  });
  return [...routes, document];
}
