// The command line: finds the command, gives it what was typed, and turns the outcome into an exit
// code. What the commands do is in cli/, one file per group.

import type { Invocation } from "./cli/line/command.ts";
import { describeError, UsageError } from "./cli/line/errors.ts";
import { type Parsed, parse } from "./cli/line/parse.ts";
import { type Output, terminalOutput } from "./cli/terminal/output.ts";
import { type ColourChoice, chooseColours } from "./cli/terminal/text.ts";
import { silenceSqliteWarning } from "./cli/terminal/warnings.ts";
import type { Config } from "./config.ts";
import { programVersion } from "./control/version.ts";
import { exitCodeOf, exitCodes } from "./process/exit-codes.ts";
import { flushed } from "./process/flushed.ts";
import type { Signals } from "./process/signals.ts";

/**
 * Runs one command line and sets `process.exitCode`. The process ends by having nothing left to
 * do: `process.exit` would cut output that a slow pipe has not taken yet.
 */
export async function main(argv: readonly string[], signals: Signals): Promise<void> {
  silenceSqliteWarning();
  const output = terminalOutput();
  let parsed: Parsed | null = null;
  try {
    parsed = await parse(argv);
    chooseColours(readColours(parsed.options.color));
    if (!parsed.command?.takesSignals) signals.giveBack();
    process.exitCode = await run(parsed, { output, signals });
  } catch (error) {
    output.say(describeError(error));
    process.exitCode = exitCodeOf(error);
  }
  if (parsed?.command?.runsUserCode) await endForUserCode(output);
}

/** A connection that a job file opened would keep the process; every byte is out before it ends. */
async function endForUserCode({ stdout }: Output): Promise<void> {
  await flushed([stdout, process.stderr]);
  process.exit();
}

type Surroundings = Pick<Invocation, "output" | "signals">;

async function run(parsed: Parsed, surroundings: Surroundings): Promise<number> {
  const { command, options, group } = parsed;
  const { output } = surroundings;
  if (options.version === true) {
    output.result(programVersion());
    return exitCodes.ok;
  }
  if (options.help === true) {
    const help = await import("./cli/line/help.ts");
    output.result(command === null ? help.overview(group) : help.pages(command));
    return exitCodes.ok;
  }
  if (command === null) {
    const help = await import("./cli/line/help.ts");
    output.say(help.overview(group));
    return exitCodes.usage;
  }
  const execute = await command.load();
  return await execute(invocation(parsed, surroundings));
}

function invocation(parsed: Parsed, surroundings: Surroundings): Invocation {
  const { words, options } = parsed;
  const text = (name: string): string | undefined => {
    const value = options[name];
    return typeof value === "string" ? value : undefined;
  };
  const configFile = text("config") || process.env.RUNTIME_CONFIG || "config/queue.yml";
  const flags = {
    store: text("store"),
    logLevel: text("log-level"),
    shutdownTimeout: text("shutdown-timeout"),
  };
  const readConfig = async (): Promise<Config> => {
    const { loadConfig } = await import("./config/load.ts");
    return await loadConfig(configFile, { flags });
  };
  return {
    ...surroundings,
    words,
    configFile,
    flags,
    json: options.json === true,
    flag: (name) => options[name] === true,
    text,
    texts: (name) => options[name] as readonly string[] | undefined,
    config: async () => {
      const { askForConfig } = await import("./cli/data/ask-for-config.ts");
      return (await askForConfig(configFile, flags)) ?? (await readConfig());
    },
    readConfig,
  };
}

/** @throws UsageError */
function readColours(typed: unknown): ColourChoice {
  if (typed === undefined) return "auto";
  if (typed === "auto" || typed === "always" || typed === "never") return typed;
  throw new UsageError("--color is auto, always or never");
}
