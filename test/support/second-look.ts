// What vitest does around each test. Machines are shared: now and then somebody else gets their
// processors, for seconds at a time, and no promise in seconds can be kept meanwhile. A test that
// failed then has shown nothing and is looked at again; where the machine gave all it had, a failure
// stands, for a second look would hide a race.

import { beforeEach } from "vitest";
import { takePace } from "./pace.ts";
import { processorTime, wasShared } from "./processor-time.ts";

/** Where a bound in milliseconds is missed there are so many on any machine: others use it too. */
const looks = Number(process.env.RUNTIME_TEST_LOOKS ?? 0);
const aboutTime = /to be (?:less|greater) than/;

beforeEach(async ({ task }) => {
  await takePace();
  if (typeof task.retry !== "object") return;
  const before = processorTime();
  const again = ({ message }: { readonly message: string }): boolean =>
    wasShared(before) || (aboutTime.test(message) && (task.result?.retryCount ?? 0) < looks);
  // a configuration holds no functions, and a test declares its own; vitest asks whenever one fails
  Object.assign(task, { retry: { ...task.retry, condition: again } });
});
