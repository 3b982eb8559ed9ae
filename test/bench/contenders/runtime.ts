// We ourselves, as far as a client goes: jobs are worked off by a real `runtime start`, see
// ../harness/project.ts. Default settings.

import { openQueue } from "queue-runtime";
import type { Payload } from "../harness/payload.ts";
import { type Contender, type ContenderOptions, queueName } from "./contender.ts";

export async function open({ url, discipline }: ContenderOptions): Promise<Contender> {
  const queue = await openQueue(url);
  const job = { name: queueName };
  const key = ({ number }: Payload): string => String(number);
  const options = discipline === "unique" ? { unique: { key } } : {};
  return {
    // openQueue did
    migrate: async () => {},
    enqueue: (input) => queue.enqueue(job, input, options),
    enqueueMany: (inputs) => queue.enqueueMany(job, inputs, options),
    work: () => Promise.reject(new Error("the runtime works off jobs, not its client")),
    isEmpty: () => Promise.reject(new Error("the runtime is asked, not its client")),
    close: () => queue.close(),
  };
}
