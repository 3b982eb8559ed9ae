// A plain job that has to be let finish: it goes on until the file exists that the test makes.

import { existsSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { defineJob } from "queue-runtime";

export const drain = defineJob({
  name: "container.drain",
  async perform({ until }: { readonly until: string }) {
    while (!existsSync(until)) await setTimeout(20);
  },
});
