// Loaded by the supervisor and by every worker, before any job.

import { onWorkerStart } from "queue-runtime";

onWorkerStart(() => {
  // Open what your jobs share, such as a connection pool.
});
