// The options that every command takes.

import type { Options } from "./words.ts";

export const globalOptions: Options = {
  config: {
    alias: "c",
    value: "FILE",
    describe: "Configuration; $RUNTIME_CONFIG or config/queue.yml",
  },
  store: { value: "URL", describe: "Use this store instead of the configured one" },
  json: { alias: "j", describe: "Print results as JSON on stdout" },
  color: {
    value: "WHEN",
    describe: "Colours; auto by default",
    choices: ["auto", "always", "never"],
  },
  help: { alias: "h", describe: "Explain the command" },
  version: { describe: "Print the version" },
};
