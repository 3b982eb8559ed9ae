// Leaves a process behind whose parent is gone: it falls to PID 1, and ends a moment later.

import { execFileSync } from "node:child_process";
import { defineJob } from "queue-runtime";

export const orphan = defineJob({
  name: "container.orphan",
  perform() {
    execFileSync("sh", ["-c", "sleep 0.3 >/dev/null 2>&1 &"]);
  },
});
