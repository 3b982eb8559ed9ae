// What a command is, and what it is given when it runs.

import type { Flags } from "../../config/override.ts";
import type { Config } from "../../config.ts";
import type { Signals } from "../../process/signals.ts";
import type { Output } from "../terminal/output.ts";

/** One command of `runtime`: what help and completion show, and where its code is. */
export interface Command {
  /** One word, or two: `queue pause`. */
  readonly name: string;
  /** Other first words for it, such as `rm`. */
  readonly aliases?: readonly string[];
  /** As in `NAME [JSON]` or `ID…`; how many words are taken is read from it. */
  readonly parameters: string;
  readonly summary: string;
  readonly options: Readonly<Record<string, CommandOption>>;
  readonly examples: readonly string[];
  /** Its words are another program's command line: after the first of them nothing is an option. */
  readonly verbatim?: true;
  /** Of two commands with one name: whether this one is meant; the other one has none. */
  readonly isMeant?: (
    words: readonly string[],
    options: Readonly<Record<string, unknown>>,
  ) => boolean;
  /** It loads job files or hooks, which may leave timers and connections open behind them. */
  readonly runsUserCode?: true;
  /** It answers signals itself; otherwise they do what they do to any program. */
  readonly takesSignals?: true;
  /** Imports the code. Answers with an exit code, or throws. */
  readonly load: () => Promise<(invocation: Invocation) => Promise<number>>;
}

export interface CommandOption {
  readonly describe: string;
  /** What stands after it, such as `NAME`; absent: it is a switch. */
  readonly value?: string;
  /** May be given several times. */
  readonly repeats?: boolean;
  /** Its value may be several words, as long as they are numbers: `--after 3 4`. */
  readonly ids?: boolean;
  /** Words that shells offer. */
  readonly choices?: readonly string[];
  readonly alias?: string;
}

export interface Invocation {
  /** What stood after the name of the command, options taken out. */
  readonly words: readonly string[];
  readonly json: boolean;
  readonly output: Output;
  /** Path of queue.yml, as it was typed. */
  readonly configFile: string;
  /** What wins over queue.yml. */
  readonly flags: Flags;
  /** Since before anything was loaded; given back unless the command takes them. */
  readonly signals: Signals;
  /** As the runtime has it that runs by the same queue.yml; without one it is read and checked. */
  config(): Promise<Config>;
  /** Reads and checks queue.yml, and looks which modules of jobs there are. */
  readConfig(): Promise<Config>;
  flag(name: string): boolean;
  text(name: string): string | undefined;
  texts(name: string): readonly string[] | undefined;
}
