// The job of sidequest, which finds it by this file's path.

import { Job } from "sidequest";
import type { Payload } from "../harness/payload.ts";
import type { Perform } from "./contender.ts";

export const hook: { perform: Perform } = { perform() {} };

export class BenchJob extends Job {
  run(input: Payload): void {
    hook.perform(input);
  }
}
