// An iteration whose adapter the hooks file has to register; without it no runtime starts.

import { defineIteration } from "queue-runtime";
import { shared } from "./iterations.ts";

export const countByCustom = defineIteration({
  ...shared,
  name: "count.custom",
  interruptionAdapter: ["runtime", "every-third"],
});
