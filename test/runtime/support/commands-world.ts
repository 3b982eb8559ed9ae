// The service that runs commands, in this process: a real store behind a link that can be cut, real
// processes, and what it tells its supervisor.

import { join } from "node:path";
import type { CommandJob, NewCommand, Store } from "@queue-runtime/store";
import { Commands } from "../../../packages/runtime/src/child/commands.ts";
import { defaults } from "../../../packages/runtime/src/config/defaults.ts";
import type { CommandsConfig } from "../../../packages/runtime/src/config.ts";
import type { FromCommands } from "../../../packages/runtime/src/process/command-messages.ts";
import { monotonic } from "../../../packages/runtime/src/process/monotonic.ts";
import { StoreHealth } from "../../../packages/runtime/src/service/store-health.ts";
import { someProcess } from "../../store/contract/world.ts";
import {
  type TemporaryFolder,
  type TemporaryStore,
  temporaryFolder,
  temporaryStore,
} from "../../support/temporary-store.ts";
import { waitFor } from "../../support/wait-for.ts";
import { CutLink } from "./cut-link.ts";
import { notedLog } from "./noted-log.ts";

export class CommandsWorld implements AsyncDisposable {
  readonly folder: TemporaryFolder = temporaryFolder();
  readonly output: string = join(this.folder.path, "output");
  readonly told: FromCommands[] = [];
  readonly log: ReturnType<typeof notedLog> = notedLog();
  readonly link: CutLink;
  readonly service: Commands;
  readonly ids: { readonly supervisor: number; readonly child: number };

  /** Not behind the link. */
  readonly store: Store;
  readonly #opened: TemporaryStore;

  private constructor(
    opened: TemporaryStore,
    ids: CommandsWorld["ids"],
    config: Partial<CommandsConfig>,
  ) {
    this.#opened = opened;
    this.store = opened.store;
    const link = new CutLink(opened.store);
    this.link = link;
    this.ids = ids;
    this.service = new Commands({
      config: { ...defaults.commands, output: this.output, ...config },
      processId: ids.child,
      supervisorId: ids.supervisor,
      aliveThresholdMs: 3_000,
      retention: defaults.dispatcher.retention,
      store: link.store,
      health: new StoreHealth(this.log, () => 0),
      log: this.log,
      tell: (message) => this.told.push(message),
      giveUp: () => undefined,
    });
  }

  static async make(config: Partial<CommandsConfig> = {}): Promise<CommandsWorld> {
    const opened = await temporaryStore();
    const { store } = opened;
    const supervisor = await store.processes.register(someProcess({ kind: "supervisor" }));
    const child = await store.processes.register(someProcess({ kind: "commands" }));
    return new CommandsWorld(opened, { supervisor, child }, config);
  }

  async add(line: string, command: Partial<NewCommand> = {}): Promise<number> {
    const environment = { PATH: process.env.PATH ?? "", DIR: this.folder.path };
    const directory = this.folder.path;
    const [added] = await this.store.jobs.enqueue([
      {
        name: "command",
        kind: "command",
        command: { line, argv: null, directory, environment, ...command },
      },
    ]);
    this.service.look();
    return added!.id;
  }

  async command(id: number): Promise<CommandJob> {
    return (await this.store.commands.find(id))!;
  }

  async commandIn(id: number, state: string): Promise<CommandJob> {
    return await waitFor(async () => {
      const found = await this.command(id);
      return found.state === state && found;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.link.state = "whole";
    const now = monotonic();
    const times = { interrupt: now, release: now, kill: now + 2_000, close: now + 2_000 };
    await this.service.stop(times, "the test is over");
    await this.#opened[Symbol.asyncDispose]();
    this.folder[Symbol.dispose]();
  }
}
